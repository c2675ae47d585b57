#include <fmt/format.h>

#include "report/render.h"
#include "report/report_text.h"

namespace squall::report {
namespace {

// For a table cell or a line of prose: what the system under test says must not become markup.
std::string md(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      escaped += ' ';
      continue;
    }
    if (c == '<') {
      escaped += "&lt;";
      continue;
    }
    if (c == '|' || c == '`' || c == '*' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

// A block that nothing in the text can end early.
std::string fenced(std::string_view text) {
  std::string fence = "```";
  while (text.find(fence) != std::string_view::npos) fence += '`';
  return fmt::format("{}text\n{}{}{}\n", fence, text, text.ends_with('\n') ? "" : "\n", fence);
}

void add_head(std::string& out, const RunReport& report) {
  out += fmt::format("# {}: {}\n\n{}. {}.\n\n", upper(check::to_string(report.verdict())), md(report.name),
                     count_verdicts(report), describe(report.totals));
  out += "| test | verdict | trials | TTG p50 | TTG p95 | TTG max | acked | lost | duplicated |\n";
  out += "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
  for (const CaseReport* each : cases_by_urgency(report)) {
    const TableRow row = table_row(*each);
    out += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", md(row.test),
                       upper(check::to_string(row.verdict)), row.trials, row.ttg_p50, row.ttg_p95,
                       row.ttg_max, row.acked, row.lost, row.duplicated);
  }
  out += "\nTTG is the time to green, from the instant at which the fault took effect.\n\n";
  for (const Note& note : report.notes) out += fmt::format("- **{}** {}\n", md(note.label), md(note.text));
  out += fmt::format("- **started** {}, took {}, seed {}\n", base::format_utc(report.started),
                     base::format_duration(report.took), report.seed);
  if (!report.command.empty()) out += fmt::format("- **command** {}\n", md(report.command));
  std::string versions;
  for (const Version& each : report.versions) {
    versions += fmt::format("{}{} {}", versions.empty() ? "" : ", ", each.of, each.version);
  }
  if (!versions.empty()) out += fmt::format("- **versions** {}\n", md(versions));
  if (!report.evidence.empty()) out += fmt::format("- **evidence** {}\n", md(report.evidence));
}

void add_checks(std::string& out, const CaseReport& report) {
  for (const check::Verdict& verdict : report.checks) {
    out += fmt::format("- **{}** {}", md(verdict.checker), check::to_string(verdict.kind));
    for (const std::string& reason : verdict.reasons) out += ": " + md(reason);
    const std::string counts = describe(verdict.counts, ", ");
    if (!counts.empty()) out += fmt::format(" ({})", md(counts));
    out += "\n";
    if (verdict.kind == check::VerdictKind::pass) continue;
    for (const check::Example& example : verdict.examples) out += fmt::format("  - {}\n", md(example.facts));
  }
  for (const ClockReport& clock : report.clocks) {
    out += fmt::format("- **{}** {}{}\n", md(clock.name), describe(clock),
                       !clock.slo && !clock.bound ? "" : (clock.ok() ? " · ok" : " · **FAILED**"));
  }
  std::string phases;
  for (const PhaseLength& each : phase_split(report)) {
    const bool not_all = each.trials < each.of;
    phases +=
        fmt::format("{}until {} {} (worst {}{})", phases.empty() ? "" : ", ", said(each.phase, report),
                    base::format_duration(each.median), base::format_duration(each.worst),
                    not_all ? fmt::format(", in {} of {} trials", each.trials, each.of) : std::string());
  }
  if (!phases.empty()) out += fmt::format("- **phases, median length** {}\n", phases);
  for (const Note& note : report.notes) out += fmt::format("- **{}** {}\n", md(note.label), md(note.text));
  if (!report.checks.empty() || !report.clocks.empty() || !report.notes.empty()) out += "\n";
}

void add_assertions(std::string& out, const CaseReport& report) {
  if (report.assertions.empty()) return;
  out += "| group | assertion | want | got | |\n| --- | --- | --- | --- | --- |\n";
  for (const Assertion* each : assertions_by_urgency(report)) {
    out += fmt::format("| {} | {} | {} | {} | {} |\n", to_string(each->group), md(each->text), md(each->want),
                       md(each->got), each->ok ? "ok" : "**FAILED**");
  }
  out += "\n";
}

void add_trials(std::string& out, const CaseReport& report) {
  if (report.trials.empty()) return;
  out +=
      "| trial | verdict | what happened | acked | failed | unknown |\n| ---: | --- | --- | ---: | ---: | "
      "---: |\n";
  for (const TrialReport& trial : report.trials) {
    std::string summary = trial.summary.empty() ? make_summary(trial) : trial.summary;
    if (trial.faults.size() > 1) {
      for (const FaultReport& fault : trial.faults) summary += " · " + describe(fault);
    }
    for (const std::string& reason : trial.reasons) summary += " · " + reason;
    out += fmt::format("| {} | {} | {} | {} | {} | {} |\n", trial.number, check::to_string(trial.verdict),
                       md(summary), group_digits(trial.acked), group_digits(trial.failed),
                       group_digits(trial.unknown));
  }
  out += "\n";
}

void add_case(std::string& out, const CaseReport& report, const evidence::Timeline& timeline) {
  if (!out.ends_with("\n\n")) out += "\n";
  out += fmt::format("## {}: {}\n\n", upper(check::to_string(report.verdict)), md(report.name));
  std::string modes;
  for (const std::string& mode : report.failure_modes) modes += (modes.empty() ? "" : ", ") + mode;
  out += md(report.purpose) + (modes.empty() ? "" : fmt::format(" ({})", md(modes))) + "\n\n";
  for (const std::string& reason : report.reasons) out += fmt::format("> {}\n\n", md(reason));
  add_checks(out, report);
  add_assertions(out, report);
  add_trials(out, report);
  const TrialReport* worst = worst_trial(report);
  if (report.verdict == check::VerdictKind::pass || worst == nullptr) return;
  out += fmt::format("The worst trial was number {}:\n\n{}", worst->number,
                     fenced(render_trial_timeline(report, *worst, timeline)));
}

}  // namespace

std::string render_markdown(const RunReport& report, const evidence::Timeline& timeline) {
  std::string out;
  add_head(out, report);
  for (const CaseReport* each : cases_by_urgency(report)) add_case(out, *each, timeline);
  return out;
}

}  // namespace squall::report

#include <fmt/format.h>

#include "report/html_parts.h"
#include "report/render.h"
#include "report/report_text.h"

namespace squall::report::html {
namespace {

bool went_well(const CaseReport& report) { return report.verdict == check::VerdictKind::pass; }

void add_checks(std::string& out, const CaseReport& report) {
  if (report.checks.empty() && report.clocks.empty()) return;
  out += "<dl class=\"facts\">\n";
  for (const check::Verdict& verdict : report.checks) {
    out += fmt::format("<dt>{}</dt><dd>{} <span class=\"dim\">{}</span>", escape(verdict.checker),
                       badge(verdict.kind), escape(describe(verdict.counts, " · ")));
    for (const std::string& reason : verdict.reasons) out += fmt::format("<br>{}", escape(reason));
    if (verdict.kind != check::VerdictKind::pass && !verdict.examples.empty()) {
      out += "<ul class=\"examples\">";
      for (const check::Example& example : verdict.examples)
        out += fmt::format("<li>{}</li>", escape(example.facts));
      out += "</ul>";
    }
    out += "</dd>\n";
  }
  for (const ClockReport& clock : report.clocks) {
    const bool judged = clock.slo || clock.bound;
    out += fmt::format(
        "<dt>{}</dt><dd>{}{}</dd>\n", escape(clock.name),
        judged ? badge(clock.ok() ? check::VerdictKind::pass : check::VerdictKind::fail) + " " : "",
        escape(describe(clock)));
  }
  out += "</dl>\n";
}

void add_assertions(std::string& out, const CaseReport& report) {
  if (report.assertions.empty()) return;
  std::size_t failed = 0;
  for (const Assertion& each : report.assertions) failed += each.ok ? 0 : 1;
  out += fmt::format(
      "<details{}><summary>{} assertions, {}</summary>\n<table class=\"cards\"><thead><tr><th></th>"
      "<th>group</th><th>assertion</th><th>want</th><th>got</th></tr></thead><tbody>\n",
      failed > 0 ? " open" : "", report.assertions.size(),
      failed > 0 ? fmt::format("{} failed", failed) : std::string("all hold"));
  for (const Assertion* each : assertions_by_urgency(report)) {
    out += fmt::format(
        "<tr><td>{}</td><td data-label=\"group\">{}</td><td data-label=\"assertion\">{}</td>"
        "<td data-label=\"want\">{}</td><td data-label=\"got\"{}>{}</td></tr>\n",
        badge(each->ok ? check::VerdictKind::pass : check::VerdictKind::fail), to_string(each->group),
        escape(each->text), escape(each->want), each->ok ? "" : " class=\"bad\"", escape(each->got));
  }
  out += "</tbody></table></details>\n";
}

void add_trials(std::string& out, const CaseReport& report) {
  if (report.trials.empty()) return;
  out += fmt::format("<details{}><summary>{} {}</summary>\n<ol class=\"trials\">\n",
                     went_well(report) ? "" : " open", report.trials.size(),
                     report.trials.size() == 1 ? "trial" : "trials");
  for (const TrialReport& trial : report.trials) {
    out += fmt::format("<li value=\"{}\">{} {}", trial.number, badge(trial.verdict),
                       escape(trial.summary.empty() ? make_summary(trial) : trial.summary));
    for (const std::string& reason : trial.reasons) out += fmt::format("<br><b>{}</b>", escape(reason));
    if (trial.faults.size() > 1) {
      out += "<ul>";
      for (const FaultReport& fault : trial.faults)
        out += fmt::format("<li>{}</li>", escape(describe(fault)));
      out += "</ul>";
    }
    std::string hits;
    for (const StageHits& each : trial.hits) {
      hits += fmt::format("{}{} {}", hits.empty() ? "struck: " : ", ", group_digits(each.count), each.stage);
    }
    out += fmt::format("{}<span class=\"dim\">{} acked · {} failed · {} unknown{}{}</span></li>\n",
                       trial.faults.size() > 1 ? "" : "<br>", group_digits(trial.acked),
                       group_digits(trial.failed), group_digits(trial.unknown), hits.empty() ? "" : " · ",
                       escape(hits));
  }
  out += "</ol></details>\n";
}

void add_worst_trial(std::string& out, const CaseReport& report, const evidence::Timeline& timeline) {
  const TrialReport* worst = worst_trial(report);
  if (worst == nullptr || worst->fault.empty()) return;
  out += fmt::format(
      "<details{}><summary>The worst trial ({}), moment by moment</summary>\n<pre>{}</pre></details>\n",
      report.verdict == check::VerdictKind::fail ? " open" : "", worst->number,
      escape(render_trial_timeline(report, *worst, timeline)));
}

}  // namespace

std::string case_section(const CaseReport& report, const evidence::Timeline& timeline) {
  std::string out =
      fmt::format("<section id=\"{0}\" class=\"case {1}\">\n<h2>{2} {0}</h2>\n<p>{3}", escape(report.name),
                  check::to_string(report.verdict), badge(report.verdict), escape(report.purpose));
  for (const std::string& mode : report.failure_modes)
    out += fmt::format(" <span class=\"chip\">{}</span>", escape(mode));
  out += "</p>\n";
  for (const std::string& reason : report.reasons) {
    out += fmt::format("<p class=\"reason {}\">{}</p>\n", check::to_string(report.verdict), escape(reason));
  }
  add_checks(out, report);
  std::vector<evidence::TimelineEntry> events;
  for (const evidence::TimelineEntry& entry : timeline.entries) {
    const bool inside =
        entry.since_start >= report.began_at && entry.since_start <= report.began_at + report.took;
    if (inside && (entry.case_name.empty() || entry.case_name == report.name)) events.push_back(entry);
  }
  out += phase_bars(report);
  out += timeline_chart(report, events);
  add_assertions(out, report);
  add_trials(out, report);
  add_worst_trial(out, report, timeline);
  if (!report.notes.empty()) {
    out += "<dl class=\"facts\">\n";
    for (const Note& note : report.notes) {
      out += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escape(note.label), escape(note.text));
    }
    out += "</dl>\n";
  }
  return out + "</section>\n";
}

}  // namespace squall::report::html

#include <fmt/format.h>

#include "report/html_parts.h"
#include "report/render.h"
#include "report/report_text.h"

namespace squall::report {
namespace html {

std::string escape(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string badge(check::VerdictKind kind) {
  return fmt::format("<span class=\"badge {0}\">{1}</span>", check::to_string(kind),
                     upper(check::to_string(kind)));
}

namespace {

void add_verdict_table(std::string& out, const RunReport& report) {
  out +=
      "<table class=\"verdicts cards\">\n<thead><tr><th>test</th><th>verdict</th><th class=\"n\">trials</th>"
      "<th class=\"n\">TTG p50</th><th class=\"n\">TTG p95</th><th class=\"n\">TTG max</th><th "
      "class=\"n\">acked</th>"
      "<th class=\"n\">lost</th><th class=\"n\">duplicated</th></tr></thead>\n<tbody>\n";
  for (const CaseReport* each : cases_by_urgency(report)) {
    const TableRow row = table_row(*each);
    out += fmt::format("<tr><th scope=\"row\"><a href=\"#{0}\">{0}</a></th><td>{1}</td>", escape(row.test),
                       badge(row.verdict));
    const auto figure = [&](std::string_view label, const std::string& value, bool bad) {
      out +=
          fmt::format("<td class=\"n{}\" data-label=\"{}\">{}</td>", bad ? " bad" : "", label, escape(value));
    };
    figure("trials", row.trials, false);
    figure("TTG p50", row.ttg_p50, row.ttg_p50 == "never");
    figure("TTG p95", row.ttg_p95, row.ttg_p95 == "never");
    figure("TTG max", row.ttg_max, row.ttg_max == "never");
    figure("acked", row.acked, false);
    figure("lost", row.lost, row.lost != "0");
    figure("duplicated", row.duplicated, row.duplicated != "0");
    out += "</tr>\n";
  }
  out +=
      "</tbody></table>\n<p class=\"dim\">TTG, the time to green, runs from the instant at which the fault "
      "took effect "
      "until the system is operational, has caught up, and the fault is over. Below 59 trials the p95 is the "
      "worst trial.</p>\n";
}

void add_facts(std::string& out, const RunReport& report) {
  out += "<dl class=\"facts\">\n";
  const auto fact = [&](std::string_view label, std::string_view text) {
    if (!text.empty()) out += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escape(label), escape(text));
  };
  for (const Note& note : report.notes) fact(note.label, note.text);
  fact("started",
       fmt::format("{}, took {}", base::format_utc(report.started), base::format_duration(report.took)));
  fact("seed", std::to_string(report.seed));
  fact("command", report.command);
  std::string versions;
  for (const Version& each : report.versions) {
    versions += fmt::format("{}{} {}", versions.empty() ? "" : " · ", each.of, each.version);
  }
  fact("versions", versions);
  fact("evidence", report.evidence);
  out += "</dl>\n";
}

}  // namespace
}  // namespace html

std::string render_html(const RunReport& report, const evidence::Timeline& timeline) {
  using html::escape;
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>{}: "
      "{}</title>\n<style>\n{}</style>\n</head>\n"
      "<body>\n<main>\n<header>\n<h1>{} {}</h1>\n<p class=\"lead\">{}. {}.</p>\n</header>\n",
      upper(check::to_string(report.verdict())), escape(report.name), html::style(),
      html::badge(report.verdict()), escape(report.name), count_verdicts(report), describe(report.totals));
  html::add_verdict_table(out, report);
  for (const CaseReport* each : cases_by_urgency(report)) out += html::case_section(*each, timeline);
  out += "<section>\n<h2>About this run</h2>\n";
  html::add_facts(out, report);
  out += "</section>\n</main>\n</body>\n</html>\n";
  return out;
}

}  // namespace squall::report

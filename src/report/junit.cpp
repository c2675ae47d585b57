#include <fmt/format.h>

#include <algorithm>
#include <pugixml.hpp>
#include <sstream>

#include "report/render.h"
#include "report/report_text.h"

namespace squall::report {
namespace {

std::string seconds(base::Nanos value) {
  return fmt::format("{:.3f}", std::chrono::duration<double>(value).count());
}

// XML 1.0 knows no control characters but these three, not even escaped.
std::string plain(std::string text) {
  std::erase_if(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && c != '\n' && c != '\r' && c != '\t';
  });
  return text;
}

std::string details_of(const CaseReport& report) {
  std::string text;
  for (const std::string& reason : report.reasons) text += reason + "\n";
  for (const Assertion* each : assertions_by_urgency(report)) {
    if (each->ok) break;
    text +=
        fmt::format("{}: {}: want {}, got {}\n", to_string(each->group), each->text, each->want, each->got);
  }
  for (const check::Verdict& verdict : report.checks) {
    if (verdict.kind == check::VerdictKind::pass) continue;
    for (const std::string& reason : verdict.reasons)
      text += fmt::format("{}: {}\n", verdict.checker, reason);
    for (const check::Example& example : verdict.examples) text += "  " + example.facts + "\n";
  }
  return text;
}

void add_case(pugi::xml_node suite, const RunReport& report, const CaseReport& each) {
  pugi::xml_node node = suite.append_child("testcase");
  node.append_attribute("classname") = report.name.c_str();
  node.append_attribute("name") = each.name.c_str();
  node.append_attribute("time") = seconds(each.took).c_str();
  if (each.verdict != check::VerdictKind::pass) {
    const bool failed = each.verdict == check::VerdictKind::fail;
    pugi::xml_node problem = node.append_child(failed ? "failure" : "error");
    problem.append_attribute("type") = failed ? "violation" : "inconclusive";
    const std::string message =
        plain(each.reasons.empty() ? std::string("no reason given") : each.reasons.front());
    problem.append_attribute("message") = message.c_str();
    problem.append_child(pugi::node_pcdata).set_value(plain(details_of(each)).c_str());
  }
  std::string out;
  for (const TrialReport& trial : each.trials) {
    out += fmt::format("trial {}: {}\n", trial.number,
                       trial.summary.empty() ? make_summary(trial) : trial.summary);
  }
  if (!out.empty())
    node.append_child("system-out").append_child(pugi::node_pcdata).set_value(plain(out).c_str());
}

}  // namespace

std::string render_junit(const RunReport& report) {
  const auto count = [&](check::VerdictKind kind) {
    return std::count_if(report.cases.begin(), report.cases.end(),
                         [&](const CaseReport& each) { return each.verdict == kind; });
  };
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  pugi::xml_node suites = document.append_child("testsuites");
  pugi::xml_node suite = suites.append_child("testsuite");
  for (pugi::xml_node node : {suites, suite}) {
    node.append_attribute("name") = report.name.c_str();
    node.append_attribute("tests") = report.cases.size();
    node.append_attribute("failures") = static_cast<long long>(count(check::VerdictKind::fail));
    node.append_attribute("errors") = static_cast<long long>(count(check::VerdictKind::inconclusive));
    node.append_attribute("time") = seconds(report.took).c_str();
  }
  suite.append_attribute("timestamp") = base::format_utc(report.started).substr(0, 19).c_str();
  for (const CaseReport& each : report.cases) add_case(suite, report, each);
  std::ostringstream out;
  document.save(out, "  ", pugi::format_default, pugi::encoding_utf8);
  return out.str();
}

}  // namespace squall::report

// verdict.json: the model as JSON, both ways. One function per type, fields in the order of the model.
#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "report/run_report.h"

namespace squall::report {
namespace {

using base::Nanos;
using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;

Json ms(Nanos value) {
  return static_cast<double>(std::chrono::round<std::chrono::microseconds>(value).count()) / 1e3;
}
Json ms(std::optional<Nanos> value) { return value ? ms(*value) : Json(nullptr); }

Nanos read_ms(const Json& json) { return std::chrono::microseconds{std::llround(json.get<double>() * 1e3)}; }
std::optional<Nanos> read_optional_ms(const Json& json) {
  return json.is_null() ? std::nullopt : std::optional(read_ms(json));
}

// What a file holds that this build has no name for.
struct UnknownName {
  std::string message;
};

check::VerdictKind read_verdict(const Json& json) {
  const auto name = json.get<std::string>();
  for (const auto kind :
       {check::VerdictKind::pass, check::VerdictKind::fail, check::VerdictKind::inconclusive}) {
    if (check::to_string(kind) == name) return kind;
  }
  throw UnknownName{"no such verdict: " + name};
}

constexpr std::array<std::pair<std::string_view, Victim>, 3> kVictims{
    {{"server", Victim::server}, {"process", Victim::process}, {"link", Victim::link}}};

std::string write_victim(Victim victim) {
  return std::string(
      std::ranges::find(kVictims, victim, [](const auto& each) { return each.second; })->first);
}
Victim read_victim(const Json& json) {
  const auto name = json.get<std::string>();
  const auto* found = std::ranges::find(kVictims, name, [](const auto& each) { return each.first; });
  if (found == kVictims.end()) throw UnknownName{"no such victim: " + name};
  return found->second;
}

Group read_group(const Json& json) {
  const auto name = json.get<std::string>();
  for (const auto group : {Group::resilience, Group::messages, Group::observability}) {
    if (to_string(group) == name) return group;
  }
  throw UnknownName{"no such group of assertions: " + name};
}

template <typename T, typename Write>
Json list(const std::vector<T>& values, Write write) {
  Json json = Json::array();
  for (const T& value : values) json.push_back(write(value));
  return json;
}

template <typename Read>
auto read_list(const Json& json, Read read) {
  std::vector<decltype(read(json))> values;
  for (const Json& each : json) values.push_back(read(each));
  return values;
}

std::vector<std::string> read_strings(const Json& json) { return json.get<std::vector<std::string>>(); }

Json write_totals(const check::Totals& totals) {
  return {{"attempted", totals.attempted},   {"acked", totals.acked},          {"failed", totals.failed},
          {"unknown", totals.unknown},       {"recovered", totals.recovered},  {"lost", totals.lost},
          {"duplicated", totals.duplicated}, {"unexpected", totals.unexpected}};
}
check::Totals read_totals(const Json& json) {
  return {.attempted = json.at("attempted"),
          .acked = json.at("acked"),
          .failed = json.at("failed"),
          .unknown = json.at("unknown"),
          .recovered = json.at("recovered"),
          .lost = json.at("lost"),
          .duplicated = json.at("duplicated"),
          .unexpected = json.at("unexpected")};
}

Json write_fault(const FaultReport& fault) {
  return {{"what", fault.what},
          {"after_ms", ms(fault.after)},
          {"over_ms", ms(fault.over)},
          {"first_output_ms", ms(fault.first_output)},
          {"caught_up_ms", ms(fault.caught_up)},
          {"green_ms", ms(fault.green)},
          {"hits", fault.hits}};
}
FaultReport read_fault(const Json& json) {
  return {.what = json.at("what"),
          .after = read_ms(json.at("after_ms")),
          .over = read_optional_ms(json.at("over_ms")),
          .first_output = read_optional_ms(json.at("first_output_ms")),
          .caught_up = read_optional_ms(json.at("caught_up_ms")),
          .green = read_optional_ms(json.at("green_ms")),
          .hits = json.at("hits")};
}

Json write_trial(const TrialReport& trial) {
  return {{"number", trial.number},
          {"fault", trial.fault},
          {"victim", write_victim(trial.victim)},
          {"down_time_ms", ms(trial.down_time)},
          {"verdict", check::to_string(trial.verdict)},
          {"reasons", trial.reasons},
          {"began_at_ms", ms(trial.began_at)},
          {"took_effect_at_ms", ms(trial.took_effect_at)},
          {"healed_at_ms", ms(trial.healed_at)},
          {"ended_at_ms", ms(trial.ended_at)},
          {"phases",
           {{"detected_ms", ms(trial.phases.detected)},
            {"server_back_ms", ms(trial.phases.server_back)},
            {"reconnected_ms", ms(trial.phases.reconnected)},
            {"first_output_ms", ms(trial.phases.first_output)},
            {"caught_up_ms", ms(trial.phases.caught_up)}}},
          {"time_to_green_ms", ms(trial.time_to_green)},
          {"hits",
           list(trial.hits,
                [](const StageHits& each) { return Json{{"stage", each.stage}, {"count", each.count}}; })},
          {"faults", list(trial.faults, write_fault)},
          {"not_measured", trial.not_measured},
          {"acked", trial.acked},
          {"failed", trial.failed},
          {"unknown", trial.unknown},
          {"summary", trial.summary}};
}
TrialReport read_trial(const Json& json) {
  const Json& phases = json.at("phases");
  return {.number = json.at("number"),
          .fault = json.at("fault"),
          .victim = read_victim(json.value("victim", "server")),
          .down_time = read_optional_ms(json.at("down_time_ms")),
          .verdict = read_verdict(json.at("verdict")),
          .reasons = read_strings(json.at("reasons")),
          .began_at = read_ms(json.at("began_at_ms")),
          .took_effect_at = read_optional_ms(json.at("took_effect_at_ms")),
          .healed_at = read_optional_ms(json.at("healed_at_ms")),
          .ended_at = read_ms(json.at("ended_at_ms")),
          .phases = {.detected = read_optional_ms(phases.at("detected_ms")),
                     .server_back = read_optional_ms(phases.at("server_back_ms")),
                     .reconnected = read_optional_ms(phases.at("reconnected_ms")),
                     .first_output = read_optional_ms(phases.at("first_output_ms")),
                     .caught_up = read_optional_ms(phases.at("caught_up_ms"))},
          .time_to_green = read_optional_ms(json.at("time_to_green_ms")),
          .hits = read_list(json.at("hits"),
                            [](const Json& each) { return StageHits{each.at("stage"), each.at("count")}; }),
          .faults = read_list(json.value("faults", Json::array()), read_fault),
          .not_measured = json.value("not_measured", ""),
          .acked = json.at("acked"),
          .failed = json.at("failed"),
          .unknown = json.at("unknown"),
          .summary = json.at("summary")};
}

Json write_assertion(const Assertion& each) {
  return {{"group", to_string(each.group)},
          {"text", each.text},
          {"want", each.want},
          {"got", each.got},
          {"ok", each.ok}};
}
Assertion read_assertion(const Json& json) {
  return {.group = read_group(json.at("group")),
          .text = json.at("text"),
          .want = json.at("want"),
          .got = json.at("got"),
          .ok = json.at("ok")};
}

Json write_check(const check::Verdict& verdict) {
  Json counts = Json::object();
  for (const check::Count& count : verdict.counts) counts[count.name] = count.value;
  return {{"checker", verdict.checker},
          {"verdict", check::to_string(verdict.kind)},
          {"counts", counts},
          {"examples",
           list(verdict.examples,
                [](const check::Example& each) { return Json{{"key", each.key}, {"facts", each.facts}}; })},
          {"reasons", verdict.reasons}};
}
check::Verdict read_check(const Json& json) {
  check::Verdict verdict{.checker = json.at("checker"), .kind = read_verdict(json.at("verdict"))};
  for (const auto& [name, value] : json.at("counts").items()) verdict.counts.push_back({name, value});
  verdict.examples = read_list(
      json.at("examples"), [](const Json& each) { return check::Example{each.at("key"), each.at("facts")}; });
  verdict.reasons = read_strings(json.at("reasons"));
  return verdict;
}

Json write_clock(const ClockReport& clock) {
  return {{"name", clock.name},
          {"trials", clock.summary.trials},
          {"never", clock.summary.never},
          {"p50_ms", ms(clock.summary.median)},
          {"p95_ms", ms(clock.summary.p95)},
          {"worst_ms", ms(clock.summary.worst)},
          {"judged_ms", ms(clock.summary.judged)},
          {"judged", check::judged_label(clock.summary)},  // for people; not read back
          {"slo_ms", ms(clock.slo)},
          {"bound_ms", ms(clock.bound)},
          {"ok", clock.ok()}};
}
ClockReport read_clock(const Json& json) {
  return {.name = json.at("name"),
          .summary = {.trials = json.at("trials"),
                      .never = json.at("never"),
                      .median = read_optional_ms(json.at("p50_ms")),
                      .worst = read_optional_ms(json.at("worst_ms")),
                      .p95 = read_optional_ms(json.at("p95_ms")),
                      .judged = read_optional_ms(json.at("judged_ms"))},
          .slo = read_optional_ms(json.at("slo_ms")),
          .bound = read_optional_ms(json.at("bound_ms"))};
}

Json write_note(const Note& note) { return {{"label", note.label}, {"text", note.text}}; }
Note read_note(const Json& json) { return {json.at("label"), json.at("text")}; }

Json write_series(const Series& series) {
  return {{"name", series.name},
          {"began_at_ms", ms(series.began_at)},
          {"bin_ms", ms(series.bin)},
          {"counts", series.counts}};
}
Series read_series(const Json& json) {
  return {.name = json.at("name"),
          .began_at = read_ms(json.at("began_at_ms")),
          .bin = read_ms(json.at("bin_ms")),
          .counts = json.at("counts").get<std::vector<std::uint64_t>>()};
}

Json write_case(const CaseReport& report) {
  return {{"name", report.name},
          {"failure_modes", report.failure_modes},
          {"purpose", report.purpose},
          {"verdict", check::to_string(report.verdict)},
          {"reasons", report.reasons},
          {"began_at_ms", ms(report.began_at)},
          {"took_ms", ms(report.took)},
          {"totals", write_totals(report.totals)},
          {"clocks", list(report.clocks, write_clock)},
          {"checks", list(report.checks, write_check)},
          {"assertions", list(report.assertions, write_assertion)},
          {"trials", list(report.trials, write_trial)},
          {"notes", list(report.notes, write_note)},
          {"series", list(report.series, write_series)}};
}
CaseReport read_case(const Json& json) {
  return {.name = json.at("name"),
          .failure_modes = read_strings(json.at("failure_modes")),
          .purpose = json.at("purpose"),
          .verdict = read_verdict(json.at("verdict")),
          .reasons = read_strings(json.at("reasons")),
          .began_at = read_ms(json.at("began_at_ms")),
          .took = read_ms(json.at("took_ms")),
          .trials = read_list(json.at("trials"), read_trial),
          .assertions = read_list(json.at("assertions"), read_assertion),
          .checks = read_list(json.at("checks"), read_check),
          .totals = read_totals(json.at("totals")),
          .clocks = read_list(json.at("clocks"), read_clock),
          .notes = read_list(json.at("notes"), read_note),
          .series = read_list(json.at("series"), read_series)};
}

RunReport read_report(const Json& json) {
  RunReport report{.name = json.at("name"),
                   .took = read_ms(json.at("took_ms")),
                   .command = json.at("command"),
                   .seed = json.at("seed"),
                   .cases = read_list(json.at("cases"), read_case),
                   .totals = read_totals(json.at("totals")),
                   .notes = read_list(json.at("notes"), read_note),
                   .evidence = json.at("evidence"),
                   .not_run = json.value("not_run", std::size_t{0})};
  for (const auto& [of, version] : json.at("versions").items()) report.versions.push_back({of, version});
  const auto started = base::parse_rfc3339(json.at("started").get<std::string>());
  if (!started) throw UnknownName{"`started` is not a time"};
  report.started = *started;
  return report;
}

}  // namespace

std::string to_json(const RunReport& report) {
  Json versions = Json::object();
  for (const Version& each : report.versions) versions[each.of] = each.version;
  const Json json{{"squall_report", kFormat},
                  {"name", report.name},
                  {"verdict", check::to_string(report.verdict())},
                  {"started", base::format_utc(report.started)},
                  {"took_ms", ms(report.took)},
                  {"command", report.command},
                  {"seed", report.seed},
                  {"versions", versions},
                  {"evidence", report.evidence},
                  {"not_run", report.not_run},
                  {"totals", write_totals(report.totals)},
                  {"notes", list(report.notes, write_note)},
                  {"cases", list(report.cases, write_case)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

base::Result<RunReport> from_json(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    if (json.at("squall_report") != kFormat) {
      return base::fail("this report is of format {}; this build reads format {}",
                        json.at("squall_report").dump(), kFormat);
    }
    return read_report(json);
  } catch (const UnknownName& error) {
    return base::fail("cannot read the report: {}", error.message);
  } catch (const nlohmann::json::exception& error) {
    return base::fail("cannot read the report: {}", error.what());
  }
}

}  // namespace squall::report

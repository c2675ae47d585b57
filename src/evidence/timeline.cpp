#include "evidence/timeline.h"

#include <array>
#include <cmath>
#include <utility>

namespace squall::evidence {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::pair<EventKind, std::string_view>, 8> kNames{{{EventKind::phase, "phase"},
                                                                        {EventKind::fault, "fault"},
                                                                        {EventKind::effect, "effect"},
                                                                        {EventKind::heal, "heal"},
                                                                        {EventKind::probe, "probe"},
                                                                        {EventKind::process, "process"},
                                                                        {EventKind::log, "log"},
                                                                        {EventKind::note, "note"}}};

Json begin_line(base::Instant at, const base::WallAnchor& anchor) {
  const auto us = std::chrono::floor<std::chrono::microseconds>(at - anchor.mono);
  return Json{{"t_ms", static_cast<double>(us.count()) / 1e3}, {"utc", base::format_utc(anchor.to_wall(at))}};
}

// Log lines of the system under test may hold any bytes; a line of ours is always UTF-8.
std::string finish_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string_view to_string(EventKind kind) {
  for (const auto& [known, name] : kNames) {
    if (known == kind) return name;
  }
  return "?";
}

std::optional<EventKind> event_kind(std::string_view name) {
  for (const auto& [kind, known] : kNames) {
    if (known == name) return kind;
  }
  return std::nullopt;
}

std::string to_line(const Event& event, const base::WallAnchor& anchor) {
  Json json = begin_line(event.at, anchor);
  json["kind"] = to_string(event.kind);
  json["what"] = event.what;
  if (!event.case_name.empty()) json["case"] = event.case_name;
  if (event.trial) json["trial"] = *event.trial;
  if (!event.fields.is_null()) json["fields"] = event.fields;
  return finish_line(json);
}

std::string to_line(const Sample& sample, const base::WallAnchor& anchor) {
  Json json = begin_line(sample.at, anchor);
  json["series"] = sample.series;
  json["value"] = sample.value;
  if (!sample.case_name.empty()) json["case"] = sample.case_name;
  return finish_line(json);
}

base::Result<TimelineEntry> parse_timeline_line(std::string_view line) {
  try {
    const auto json = nlohmann::json::parse(line);
    TimelineEntry entry;
    entry.since_start = std::chrono::microseconds{std::llround(json.at("t_ms").get<double>() * 1e3)};
    const auto utc = base::parse_rfc3339(json.at("utc").get<std::string>());
    if (!utc) return base::fail("`utc` is not a time");
    entry.utc = *utc;
    const auto kind = event_kind(json.at("kind").get<std::string>());
    if (!kind) return base::fail("no such kind of event: {}", json.at("kind").get<std::string>());
    entry.kind = *kind;
    entry.what = json.at("what").get<std::string>();
    entry.case_name = json.value("case", "");
    if (json.contains("trial")) entry.trial = json.at("trial").get<int>();
    if (json.contains("fields")) entry.fields = json.at("fields");
    return entry;
  } catch (const nlohmann::json::exception& error) {
    return base::fail("not a line of a timeline: {}", error.what());
  }
}

}  // namespace squall::evidence

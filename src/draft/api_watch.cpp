#include "draft/api_watch.h"

#include <nlohmann/json.hpp>

#include "wire/subject.h"

namespace squall::draft {
namespace {

using nlohmann::json;

std::string text_in(const json& object, const char* field) {
  if (!object.is_object()) return "";
  const auto found = object.find(field);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

void Requests::note(std::string_view subject, std::string_view payload) {
  constexpr std::size_t kMostPublished = 1000;
  if (!subject.starts_with('$') && !subject.starts_with('_')) {
    if (published.size() < kMostPublished) published.emplace(subject);
    return;
  }
  const wire::SubjectTokens tokens = wire::split_subject(subject);
  const auto at = [&](std::size_t i) {
    return i < tokens.count && i < tokens.at.size() ? std::string(tokens.at[i]) : std::string();
  };
  if (at(0) != "$JS" || at(1) != "API") return;
  const std::string what = at(2);
  const std::string verb = at(3);
  if (what == "STREAM" && (verb == "CREATE" || verb == "UPDATE")) {
    const json config = json::parse(payload, nullptr, false);
    std::vector<std::string>& subjects = streams_made[at(4)];
    if (config.is_object() && config.contains("subjects") && config["subjects"].is_array()) {
      for (const json& each : config["subjects"]) {
        if (each.is_string()) subjects.push_back(each.get<std::string>());
      }
    }
    streams.insert(at(4));
    return;
  }
  if (what == "STREAM" && verb == "INFO") streams.insert(at(4));
  if (what != "CONSUMER") return;
  if (verb == "DURABLE" && at(4) == "CREATE") {
    consumers_made.emplace(at(5), at(6));
    streams.insert(at(5));
    return;
  }
  if (verb == "CREATE") {
    streams.insert(at(4));
    const json body = json::parse(payload, nullptr, false);
    const json config = body.is_object() && body.contains("config") ? body["config"] : json();
    const std::string durable = text_in(config, "durable_name");
    if (!durable.empty()) consumers_made.emplace(at(4), durable);
    return;
  }
  const bool pull = verb == "MSG" && at(4) == "NEXT";
  if (!pull && verb != "INFO") return;
  const ConsumerName name{at(pull ? 5 : 4), at(pull ? 6 : 5)};
  if (name.first.empty() || name.second.empty()) return;
  streams.insert(name.first);
  consumers.insert(name);
  if (pull) pulled.insert(name);
}

}  // namespace squall::draft

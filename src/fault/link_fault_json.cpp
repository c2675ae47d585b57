// The JSON of link faults: see link_fault.h for its shape.
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "fault/json_fields.h"
#include "fault/link_fault.h"

namespace squall::fault {
namespace {

using nlohmann::json;

// Reads one field after the other until one is wrong.
struct Reading {
  JsonFields fields;
  std::optional<base::Error> error;

  void duration(const char* name, base::Nanos& into) { take(fields.milliseconds(name), into); }
  void count(const char* name, std::uint64_t& into) { take(fields.count(name), into); }
  template <typename T>
  void take(base::Result<std::optional<T>> value, T& into) {
    if (error) return;
    if (!value) {
      error = value.error();
    } else if (*value) {
      into = **value;
    }
  }
};

void read(Reading& from, Latency& latency) {
  from.duration("delay_ms", latency.delay);
  from.duration("jitter_ms", latency.jitter);
}
void read(Reading& from, Bandwidth& bandwidth) { from.count("bytes_per_second", bandwidth.bytes_per_second); }
void read(Reading& from, SlowClose& close) { from.duration("delay_ms", close.delay); }
void read(Reading& from, Timeout& timeout) { from.duration("after_ms", timeout.after); }
void read(Reading& from, ResetPeer& reset) { from.duration("after_ms", reset.after); }
void read(Reading&, Refuse&) {}
void read(Reading&, HalfOpen&) {}
void read(Reading& from, BlackHole& hole) {
  from.count("after_bytes", hole.after_bytes);
  from.duration("after_ms", hole.after);
}
void read(Reading& from, CutAfterBytes& cut) { from.count("bytes", cut.bytes); }
void read(Reading& from, CutAfterTime& cut) { from.duration("age_ms", cut.age); }
void read(Reading& from, Slicer& slicer) {
  from.count("average_size", slicer.average_size);
  from.count("size_variation", slicer.size_variation);
  from.duration("delay_ms", slicer.delay);
}
void read(Reading& from, LimitData& limit) { from.count("bytes", limit.bytes); }

double ms(base::Nanos duration) { return base::to_ms(duration); }

struct Write {
  json operator()(const Latency& latency) const {
    return {{"delay_ms", ms(latency.delay)}, {"jitter_ms", ms(latency.jitter)}};
  }
  json operator()(const Bandwidth& bandwidth) const {
    return {{"bytes_per_second", bandwidth.bytes_per_second}};
  }
  json operator()(const SlowClose& close) const { return {{"delay_ms", ms(close.delay)}}; }
  json operator()(const Timeout& timeout) const { return {{"after_ms", ms(timeout.after)}}; }
  json operator()(const ResetPeer& reset) const { return {{"after_ms", ms(reset.after)}}; }
  json operator()(const Refuse&) const { return json::object(); }
  json operator()(const HalfOpen&) const { return json::object(); }
  json operator()(const BlackHole& hole) const {
    return {{"after_bytes", hole.after_bytes}, {"after_ms", ms(hole.after)}};
  }
  json operator()(const CutAfterBytes& cut) const { return {{"bytes", cut.bytes}}; }
  json operator()(const CutAfterTime& cut) const { return {{"age_ms", ms(cut.age)}}; }
  json operator()(const Slicer& slicer) const {
    return {{"average_size", slicer.average_size},
            {"size_variation", slicer.size_variation},
            {"delay_ms", ms(slicer.delay)}};
  }
  json operator()(const LimitData& limit) const { return {{"bytes", limit.bytes}}; }
  json operator()(const NatsFault& nats) const {
    json object = to_json(nats);
    object.erase("name");
    return object;
  }
};

base::Result<LinkAction> nats_action(json object, const std::string& name) {
  object["name"] = name;
  auto fault = nats_fault_from_json(object);
  if (!fault) return std::unexpected(fault.error());
  return *std::move(fault);
}

// Tries the kinds of the variant one after the other.
template <std::size_t kIndex = 0>
base::Result<LinkAction> action_of(JsonFields& fields, const std::string& name) {
  if constexpr (kIndex == std::variant_size_v<LinkAction>) {
    return base::fail("{}: no kind of fault is named (latency, bandwidth, nats, …)", fields.where());
  } else {
    using Action = std::variant_alternative_t<kIndex, LinkAction>;
    const std::string kind(kind_of(LinkAction{Action{}}));
    const json* object = fields.find(kind.c_str());
    if (object == nullptr) return action_of<kIndex + 1>(fields, name);
    if (!object->is_object()) return base::fail("{}: {} must be an object", fields.where(), kind);
    if constexpr (std::is_same_v<Action, NatsFault>) {
      return nats_action(*object, name);
    } else {
      Reading reading{JsonFields(*object, fmt::format("{}: {}", fields.where(), kind)), {}};
      Action action;
      read(reading, action);
      if (reading.error) return std::unexpected(*reading.error);
      if (auto end = reading.fields.no_others(); !end) return std::unexpected(end.error());
      return LinkAction{action};
    }
  }
}

base::Result<LinkStream> stream_of(JsonFields& fields, bool nats) {
  auto word = fields.text("stream", nats ? "both" : "downstream");
  if (!word) return std::unexpected(word.error());
  for (const LinkStream stream : {LinkStream::kUpstream, LinkStream::kDownstream, LinkStream::kBoth}) {
    if (*word == name_of(stream)) return stream;
  }
  return base::fail("{}: stream must be upstream, downstream or both, not {}", fields.where(), *word);
}

}  // namespace

json to_json(const LinkFault& fault) {
  return {{"name", fault.name},
          {"stream", name_of(fault.stream)},
          {"toxicity", fault.toxicity},
          {"enabled", fault.enabled},
          {std::string(kind_of(fault.action)), std::visit(Write{}, fault.action)}};
}

base::Result<LinkFault> link_fault_from_json(const json& object) {
  if (!object.is_object()) return base::fail("fault: must be an object");
  JsonFields fields(object, "fault");
  auto name = fields.text("name");
  if (!name) return std::unexpected(name.error());
  auto action = action_of(fields, *name);
  if (!action) return std::unexpected(action.error());
  LinkFault fault{.name = *name, .action = *std::move(action)};
  auto stream = stream_of(fields, is_nats(fault));
  if (!stream) return std::unexpected(stream.error());
  fault.stream = *stream;
  auto toxicity = fields.number("toxicity");
  if (!toxicity) return std::unexpected(toxicity.error());
  fault.toxicity = toxicity->value_or(1);
  auto enabled = fields.flag("enabled", true);
  if (!enabled) return std::unexpected(enabled.error());
  fault.enabled = *enabled;
  if (auto end = fields.no_others(); !end) return std::unexpected(end.error());
  if (auto valid = validate(fault); !valid) return std::unexpected(valid.error());
  return fault;
}

}  // namespace squall::fault

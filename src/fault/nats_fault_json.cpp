// The JSON of NATS faults: see nats_fault.h for its shape.
#include <array>

#include "base/invariant.h"
#include "fault/json_fields.h"
#include "fault/nats_fault.h"
#include "fault/nats_presets.h"

namespace squall::fault {
namespace {

using nlohmann::json;

std::string_view side_name(wire::Sender sender) {
  return sender == wire::Sender::kClient ? "upstream" : "downstream";
}

base::Result<std::optional<wire::Sender>> side(JsonFields& fields, const char* name) {
  auto word = fields.text(name, "both");
  if (!word) return std::unexpected(word.error());
  if (*word == "both") return std::optional<wire::Sender>{};
  if (*word == "upstream") return std::optional(wire::Sender::kClient);
  if (*word == "downstream") return std::optional(wire::Sender::kServer);
  return base::fail("{}: {} must be upstream, downstream or both, not {}", fields.where(), name, *word);
}

// Reads one field after the other until one is wrong: what is wrong first is what the user is told.
class Reader {
 public:
  explicit Reader(JsonFields& fields) : fields_(fields) {}

  template <typename T>
  void take(base::Result<T> value, T& into) {
    if (error_) return;
    if (!value) {
      error_ = value.error();
    } else {
      into = *std::move(value);
    }
  }
  template <typename T>
  void take_if_there(base::Result<std::optional<T>> value, T& into) {
    if (error_) return;
    if (!value) {
      error_ = value.error();
    } else if (*value) {
      into = **value;
    }
  }
  void fail(base::Error error) {
    if (!error_) error_ = std::move(error);
  }
  // Also an unknown field is an error.
  base::Result<void> end() {
    if (error_) return std::unexpected(*error_);
    return fields_.no_others();
  }

 private:
  JsonFields& fields_;
  std::optional<base::Error> error_;
};

base::Result<NatsMatch> match_from_json(const json& object) {
  JsonFields fields(object, "match");
  Reader reader(fields);
  NatsMatch match;
  std::vector<std::string> kinds;
  reader.take(fields.texts("kinds"), kinds);
  for (const std::string& name : kinds) {
    const auto kind = nats_kind(name);
    if (kind) {
      match.kinds.push_back(*kind);
    } else {
      reader.fail(base::Error(fmt::format("match: unknown kind {}", name)));
    }
  }
  reader.take(fields.texts("verbs"), match.verbs);
  reader.take(fields.text("subject", ""), match.subject);
  reader.take(side(fields, "direction"), match.sender);
  reader.take(fields.text("client", ""), match.client);
  reader.take(fields.text("stream", ""), match.stream);
  reader.take(fields.text("consumer", ""), match.consumer);
  reader.take(fields.count("connection"), match.connection);
  reader.take(fields.count("larger_than"), match.larger_than);
  reader.take(fields.flag("handshake"), match.handshake);
  reader.take(fields.flag("new_connections"), match.new_connections);
  if (auto end = reader.end(); !end) return std::unexpected(end.error());
  return match;
}

base::Result<NatsLimit> limit_from_json(const json& object) {
  JsonFields fields(object, "limit");
  Reader reader(fields);
  NatsLimit limit;
  reader.take_if_there(fields.count("from"), limit.from);
  reader.take_if_there(fields.count("every"), limit.every);
  reader.take(fields.count("count"), limit.count);
  reader.take_if_there(fields.number("probability"), limit.probability);
  if (auto end = reader.end(); !end) return std::unexpected(end.error());
  return limit;
}

// One function for each action: reads its fields into it.
void read(JsonFields& fields, Reader& reader, NatsDelay& delay) {
  reader.take_if_there(fields.milliseconds("delay_ms"), delay.delay);
  reader.take_if_there(fields.milliseconds("jitter_ms"), delay.jitter);
}
void read(JsonFields&, Reader&, NatsDrop&) {}
void read(JsonFields& fields, Reader& reader, NatsDuplicate& duplicate) {
  reader.take_if_there(fields.count("copies"), duplicate.copies);
}
void read(JsonFields& fields, Reader& reader, NatsReorder& reorder) {
  reader.take_if_there(fields.milliseconds("within_ms"), reorder.within);
}
void read(JsonFields&, Reader&, NatsHold&) {}
void read(JsonFields& fields, Reader& reader, NatsCorrupt& corrupt) {
  reader.take_if_there(fields.count("bytes"), corrupt.bytes);
}
void read(JsonFields& fields, Reader& reader, NatsSayError& error) {
  reader.take(fields.text("text"), error.text);
  reader.take(fields.flag("disconnect"), error.disconnect);
}
void read(JsonFields& fields, Reader& reader, NatsDisconnect& disconnect) {
  reader.take(fields.flag("reset"), disconnect.reset);
}
void read(JsonFields& fields, Reader& reader, NatsStopReading& stop) {
  std::optional<wire::Sender> from;
  reader.take(side(fields, "direction"), from);
  stop.side = from.value_or(wire::Sender::kServer);
}
void read(JsonFields& fields, Reader& reader, NatsNakInstead& nak) {
  reader.take_if_there(fields.milliseconds("delay_ms"), nak.delay);
}
void read(JsonFields&, Reader&, NatsNoResponders&) {}
void read(JsonFields& fields, Reader& reader, NatsReplaceAnswer& replace) {
  std::optional<std::uint64_t> status;
  reader.take(fields.text("payload", ""), replace.payload);
  reader.take(fields.count("status"), status);
  replace.status = static_cast<int>(std::min<std::uint64_t>(status.value_or(0), 1000));
}

struct WriteAction {
  json operator()(const NatsDelay& delay) const {
    return {{"delay_ms", base::to_ms(delay.delay)}, {"jitter_ms", base::to_ms(delay.jitter)}};
  }
  json operator()(const NatsDrop&) const { return json::object(); }
  json operator()(const NatsDuplicate& duplicate) const { return {{"copies", duplicate.copies}}; }
  json operator()(const NatsReorder& reorder) const { return {{"within_ms", base::to_ms(reorder.within)}}; }
  json operator()(const NatsHold&) const { return json::object(); }
  json operator()(const NatsCorrupt& corrupt) const { return {{"bytes", corrupt.bytes}}; }
  json operator()(const NatsSayError& error) const {
    return {{"text", error.text}, {"disconnect", error.disconnect}};
  }
  json operator()(const NatsDisconnect& disconnect) const { return {{"reset", disconnect.reset}}; }
  json operator()(const NatsStopReading& stop) const { return {{"direction", side_name(stop.side)}}; }
  json operator()(const NatsNakInstead& nak) const { return {{"delay_ms", base::to_ms(nak.delay)}}; }
  json operator()(const NatsNoResponders&) const { return json::object(); }
  json operator()(const NatsReplaceAnswer& replace) const {
    json object{{"status", replace.status}};
    if (!replace.payload.empty()) object["payload"] = replace.payload;
    return object;
  }
};

// The first alternative whose name is a field of the object, from index I on.
template <std::size_t I = 0>
base::Result<NatsAction> action_from_json(JsonFields& fields) {
  if constexpr (I == std::variant_size_v<NatsAction>) {
    return base::fail("needs an action, such as drop or delay, or a preset");
  } else {
    std::variant_alternative_t<I, NatsAction> action;
    const std::string name(kind_of(NatsAction(action)));
    const json* body = fields.find(name.c_str());
    if (body == nullptr) return action_from_json<I + 1>(fields);
    if (!body->is_object()) return base::fail("{} must be an object", name);
    JsonFields own(*body, name);
    Reader reader(own);
    read(own, reader, action);
    if (auto end = reader.end(); !end) return std::unexpected(end.error());
    return NatsAction(std::move(action));
  }
}

json match_to_json(const NatsMatch& match) {
  json object = json::object();
  for (const NatsKind kind : match.kinds) object["kinds"].push_back(name_of(kind));
  if (!match.verbs.empty()) object["verbs"] = match.verbs;
  const std::array<std::pair<const char*, const std::string*>, 4> texts{{{"subject", &match.subject},
                                                                         {"client", &match.client},
                                                                         {"stream", &match.stream},
                                                                         {"consumer", &match.consumer}}};
  for (const auto& [name, text] : texts) {
    if (!text->empty()) object[name] = *text;
  }
  if (match.sender) object["direction"] = side_name(*match.sender);
  if (match.connection) object["connection"] = *match.connection;
  if (match.larger_than) object["larger_than"] = *match.larger_than;
  if (match.handshake) object["handshake"] = true;
  if (match.new_connections) object["new_connections"] = true;
  return object;
}

json limit_to_json(const NatsLimit& limit) {
  json object = json::object();
  if (limit.from != 1) object["from"] = limit.from;
  if (limit.every != 1) object["every"] = limit.every;
  if (limit.count) object["count"] = *limit.count;
  if (limit.probability != 1) object["probability"] = limit.probability;
  return object;
}

base::Result<NatsFault> preset_from_json(const std::string& name, const json& object) {
  json attributes = object;
  attributes.erase("name");
  attributes.erase("preset");
  if (!object["preset"].is_string()) return base::fail("preset must be a text");
  return nats_preset(name, object["preset"].get<std::string>(), attributes);
}

base::Result<NatsFault> written_out_from_json(const std::string& name, JsonFields& fields) {
  NatsFault fault{.name = name};
  if (const json* body = fields.find("match"); body != nullptr) {
    if (!body->is_object()) return base::fail("match must be an object");
    auto match = match_from_json(*body);
    if (!match) return std::unexpected(match.error());
    fault.match = *std::move(match);
  }
  if (const json* body = fields.find("limit"); body != nullptr) {
    if (!body->is_object()) return base::fail("limit must be an object");
    auto limit = limit_from_json(*body);
    if (!limit) return std::unexpected(limit.error());
    fault.limit = *limit;
  }
  auto action = action_from_json(fields);
  if (!action) return std::unexpected(action.error());
  fault.action = *std::move(action);
  if (auto rest = fields.no_others(); !rest) return std::unexpected(rest.error());
  return fault;
}

}  // namespace

json to_json(const NatsFault& fault) {
  json object{{"name", fault.name}};
  if (json match = match_to_json(fault.match); !match.empty()) object["match"] = std::move(match);
  if (json limit = limit_to_json(fault.limit); !limit.empty()) object["limit"] = std::move(limit);
  object[std::string(kind_of(fault.action))] = std::visit(WriteAction{}, fault.action);
  return object;
}

base::Result<NatsFault> nats_fault_from_json(const json& object) {
  if (!object.is_object()) return base::fail("a fault must be an object");
  JsonFields fields(object, "fault");
  auto name = fields.text("name");
  if (!name) return std::unexpected(name.error());
  auto fault =
      object.contains("preset") ? preset_from_json(*name, object) : written_out_from_json(*name, fields);
  if (!fault) return base::fail_within(fmt::format("fault {}", *name), fault.error());
  if (auto valid = validate(*fault); !valid) return std::unexpected(valid.error());
  return fault;
}

}  // namespace squall::fault

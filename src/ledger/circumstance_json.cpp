#include "ledger/circumstance_json.h"

#include <concepts>
#include <type_traits>

namespace squall::ledger {
namespace {

// The fields of each record, by name. A visitor either writes them or reads them.
template <typename Fields>
void visit_fields(Fields& fields, auto& record) {
  using Type = std::remove_cvref_t<decltype(record)>;
  if constexpr (std::is_same_v<Type, Source>) {
    fields("source", record.index);
    fields("producer", record.producer);
    fields("kind", record.kind);
    fields("subject", record.subject);
  } else if constexpr (std::is_same_v<Type, ScanBegan>) {
    fields("stream", record.stream);
    fields("name", record.name);
    fields("retention", record.retention);
  } else if constexpr (std::is_same_v<Type, ScanEnded>) {
    fields("stream", record.stream);
    fields("first_seq", record.first_seq);
    fields("last_seq", record.last_seq);
    fields("incomplete_because", record.incomplete_because);
  } else if constexpr (std::is_same_v<Type, ConsumerState>) {
    fields("stream", record.stream);
    fields("name", record.name);
    fields("ack_floor", record.ack_floor);
    fields("delivered_seq", record.delivered_seq);
    fields("num_pending", record.num_pending);
    fields("num_ack_pending", record.num_ack_pending);
    fields("max_deliver", record.max_deliver);
  } else if constexpr (std::is_same_v<Type, Exhausted>) {
    fields("stream", record.stream);
    fields("consumer", record.consumer);
    fields("stream_seq", record.stream_seq);
  } else if constexpr (std::is_same_v<Type, FaultStruck>) {
    fields("number", record.number);
    fields("class", record.fault_class);
    fields("target", record.target);
    fields("servers_struck", record.servers_struck);
  } else if constexpr (std::is_same_v<Type, FaultHealed>) {
    fields("number", record.number);
  } else {
    static_assert(std::is_same_v<Type, Contract>);
    fields("replicas", record.replicas);
    fields("memory_storage", record.memory_storage);
    fields("sync_always", record.sync_always);
    fields("sync_interval_ns", record.sync_interval);
    fields("persist_async", record.persist_async);
    fields("server_version", record.server_version);
    fields("duplicate_window_ns", record.duplicate_window);
  }
}

template <typename Type>
constexpr std::string_view kName = std::is_same_v<Type, Source>          ? "source"
                                   : std::is_same_v<Type, ScanBegan>     ? "scan_began"
                                   : std::is_same_v<Type, ScanEnded>     ? "scan_ended"
                                   : std::is_same_v<Type, ConsumerState> ? "consumer"
                                   : std::is_same_v<Type, Exhausted>     ? "exhausted"
                                   : std::is_same_v<Type, FaultStruck>   ? "fault_struck"
                                   : std::is_same_v<Type, FaultHealed>   ? "fault_healed"
                                                                         : "contract";

struct Write {
  nlohmann::ordered_json& json;

  template <typename Value>
  void operator()(const char* name, const Value& value) {
    if constexpr (std::is_enum_v<Value>) {
      json[name] = to_string(value);
    } else {
      json[name] = value;
    }
  }
  void operator()(const char* name, const std::optional<base::Nanos>& value) {
    if (value) json[name] = value->count();
  }
};

// Throws nlohmann::json::exception.
struct Read {
  const nlohmann::json& json;
  bool sane = true;

  template <typename Value>
  void operator()(const char* name, Value& value) {
    if constexpr (std::is_enum_v<Value>) {
      // The enums are dense; the last one's name comes back for everything beyond it.
      const auto wanted = json.at(name).get<std::string>();
      for (std::uint8_t i = 0; i < 16; ++i) {
        value = static_cast<Value>(i);
        if (to_string(value) == wanted) return;
      }
      sane = false;
    } else if constexpr (std::unsigned_integral<Value> && !std::is_same_v<Value, bool>) {
      const auto wide = json.at(name).get<std::uint64_t>();
      value = static_cast<Value>(wide);
      sane = sane && value == wide && json.at(name).is_number_unsigned();
    } else {
      json.at(name).get_to(value);
    }
  }
  void operator()(const char* name, std::optional<base::Nanos>& value) {
    if (json.contains(name)) value = base::Nanos{json.at(name).get<std::int64_t>()};
  }
};

// Tries the alternatives in turn.
template <std::size_t index = 0>
base::Result<Circumstance> parse_as(std::string_view name, const nlohmann::json& json, base::Instant at) {
  if constexpr (index == std::variant_size_v<Circumstance>) {
    return base::fail("there is no record called {}", name);
  } else {
    using Type = std::variant_alternative_t<index, Circumstance>;
    if (name != kName<Type>) return parse_as<index + 1>(name, json, at);
    Type record{};
    record.at = at;
    Read read{json};
    visit_fields(read, record);
    if (!read.sane) return base::fail("a field of {} has an impossible value", name);
    return record;
  }
}

}  // namespace

std::string_view name_of(const Circumstance& circumstance) {
  return std::visit([](const auto& record) { return kName<std::remove_cvref_t<decltype(record)>>; },
                    circumstance);
}

base::Instant at_of(const Circumstance& circumstance) {
  return std::visit([](const auto& record) { return record.at; }, circumstance);
}

void put_fields(nlohmann::ordered_json& json, const Circumstance& circumstance) {
  Write write{json};
  std::visit([&](const auto& record) { visit_fields(write, record); }, circumstance);
}

base::Result<Circumstance> parse_circumstance(const nlohmann::json& json, base::Instant at) {
  try {
    return parse_as(json.at("record").get<std::string>(), json, at);
  } catch (const nlohmann::json::exception& error) {
    return base::fail("a circumstance that makes no sense: {}", error.what());
  }
}

}  // namespace squall::ledger

#include "control/toxic.h"

#include <algorithm>
#include <cmath>

#include "fault/nats_presets.h"

namespace squall::control {

namespace {

using nlohmann::ordered_json;

// Names, and the order in which the attributes are written, are Toxiproxy's.
const std::vector<ToxicType>& toxic_types() {
  static const std::vector<ToxicType> types{
      {"latency", "LatencyToxic", {{"latency"}, {"jitter"}}},
      {"bandwidth", "BandwidthToxic", {{"rate"}}},
      {"slow_close", "SlowCloseToxic", {{"delay"}}},
      {"timeout", "TimeoutToxic", {{"timeout"}}},
      {"reset_peer", "ResetToxic", {{"timeout"}}},
      {"slicer", "SlicerToxic", {{"average_size", "int"}, {"size_variation", "int"}, {"delay", "int"}}},
      {"limit_data", "LimitDataToxic", {{"bytes"}}},
      {"noop", "NoopToxic", {}},
  };
  return types;
}

constexpr std::array<std::string_view, 6> kOwnKinds{"refuse",          "half_open",      "black_hole",
                                                    "cut_after_bytes", "cut_after_time", "nats"};

bool is_own_kind(std::string_view name) { return std::ranges::find(kOwnKinds, name) != kOwnKinds.end(); }
bool is_preset(std::string_view name) {
  return std::ranges::any_of(fault::nats_presets(), [&](const auto& preset) { return preset.name == name; });
}

// No connection lives this long; and the sum of two such still fits.
constexpr std::int64_t kLongest = std::int64_t{1'000'000'000'000};
base::Nanos ms(std::int64_t number) {
  return std::chrono::milliseconds(std::clamp<std::int64_t>(number, 0, kLongest));
}
base::Nanos us(std::int64_t number) {
  return std::chrono::microseconds(std::clamp<std::int64_t>(number, 0, kLongest));
}
std::uint64_t count(std::int64_t number) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, number));
}
std::int64_t in_ms(base::Nanos duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

std::optional<fault::LinkAction> action_of(std::string_view type, std::span<const std::int64_t> numbers) {
  constexpr std::int64_t kBytesPerKb = 1000;  // Toxiproxy's rate is in bytes per millisecond
  if (type == "latency") {
    if (numbers[0] <= 0 && numbers[1] <= 0) return std::nullopt;
    return fault::Latency{.delay = ms(numbers[0]), .jitter = ms(numbers[1])};
  }
  if (type == "bandwidth") {
    // With a rate of 0 Toxiproxy lets nothing pass.
    if (numbers[0] <= 0) return fault::BlackHole{};
    return fault::Bandwidth{.bytes_per_second = count(std::min(numbers[0], kLongest) * kBytesPerKb)};
  }
  if (type == "slow_close") return fault::SlowClose{.delay = ms(numbers[0])};
  if (type == "timeout") return fault::Timeout{.after = ms(numbers[0])};
  if (type == "reset_peer") return fault::ResetPeer{.after = ms(numbers[0])};
  if (type == "slicer") {
    if (numbers[0] <= 0) return std::nullopt;
    return fault::Slicer{.average_size = count(numbers[0]),
                         .size_variation = count(std::min(numbers[1], numbers[0] - 1)),
                         .delay = us(numbers[2])};
  }
  if (type == "limit_data") return fault::LimitData{.bytes = count(numbers[0])};
  return std::nullopt;
}

struct Numbers {
  std::optional<std::vector<std::int64_t>> operator()(const fault::Latency& it) const {
    return {{in_ms(it.delay), in_ms(it.jitter)}};
  }
  std::optional<std::vector<std::int64_t>> operator()(const fault::Bandwidth& it) const {
    return {{static_cast<std::int64_t>(it.bytes_per_second / 1000)}};
  }
  std::optional<std::vector<std::int64_t>> operator()(const fault::SlowClose& it) const {
    return {{in_ms(it.delay)}};
  }
  std::optional<std::vector<std::int64_t>> operator()(const fault::Timeout& it) const {
    return {{in_ms(it.after)}};
  }
  std::optional<std::vector<std::int64_t>> operator()(const fault::ResetPeer& it) const {
    return {{in_ms(it.after)}};
  }
  std::optional<std::vector<std::int64_t>> operator()(const fault::Slicer& it) const {
    return {{static_cast<std::int64_t>(it.average_size), static_cast<std::int64_t>(it.size_variation),
             std::chrono::duration_cast<std::chrono::microseconds>(it.delay).count()}};
  }
  std::optional<std::vector<std::int64_t>> operator()(const fault::LimitData& it) const {
    return {{static_cast<std::int64_t>(it.bytes)}};
  }
  template <typename Own>
  std::optional<std::vector<std::int64_t>> operator()(const Own&) const {
    return std::nullopt;
  }
};

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

base::Result<std::optional<fault::LinkFault>> own_fault(const Toxic& toxic) {
  nlohmann::json action =
      toxic.attributes.is_object() ? nlohmann::json(toxic.attributes) : nlohmann::json::object();
  std::string kind = toxic.type;
  if (is_preset(kind)) {
    action["preset"] = kind;
    kind = "nats";
  }
  const nlohmann::json object{{"name", toxic.name},
                              {"stream", kind == "nats" ? "both" : lower_case(toxic.stream)},
                              {"toxicity", toxic.toxicity},
                              {kind, std::move(action)}};
  auto fault = fault::link_fault_from_json(object);
  if (!fault) return std::unexpected(fault.error());
  return std::optional(*std::move(fault));
}

}  // namespace

const ToxicType* toxic_type(std::string_view name) {
  const auto found = std::ranges::find(toxic_types(), name, &ToxicType::name);
  return found == toxic_types().end() ? nullptr : &*found;
}

bool is_toxic_type(std::string_view name) {
  return toxic_type(name) != nullptr || is_own_kind(name) || is_preset(name);
}

std::optional<fault::LinkStream> toxic_stream(const Toxic& toxic) {
  const std::string word = lower_case(toxic.stream);
  if (word == "upstream") return fault::LinkStream::kUpstream;
  if (word == "downstream") return fault::LinkStream::kDownstream;
  if (word == "both" && is_toxic_type(toxic.type) && toxic_type(toxic.type) == nullptr) {
    return fault::LinkStream::kBoth;
  }
  return std::nullopt;
}

std::string to_json_text(const Toxic& toxic) {
  std::string attributes;
  if (const ToxicType* type = toxic_type(toxic.type)) {
    for (std::size_t i = 0; i < type->attributes.size(); ++i) {
      attributes += fmt::format("{}\"{}\":{}", i == 0 ? "" : ",", type->attributes[i].name, toxic.numbers[i]);
    }
    attributes = "{" + attributes + "}";
  } else {
    attributes = toxic.attributes.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  }
  return fmt::format(R"({{"attributes":{},"name":{},"type":{},"stream":{},"toxicity":{}}})", attributes,
                     go_quoted(toxic.name), go_quoted(toxic.type), go_quoted(toxic.stream),
                     go_float(toxic.toxicity));
}

base::Result<std::optional<fault::LinkFault>> to_fault(const Toxic& toxic) {
  if (toxic_type(toxic.type) == nullptr) return own_fault(toxic);
  auto action = action_of(toxic.type, toxic.numbers);
  if (!action || !(toxic.toxicity > 0)) return std::nullopt;
  return fault::LinkFault{.name = toxic.name,
                          .action = *std::move(action),
                          .stream = toxic_stream(toxic).value_or(fault::LinkStream::kDownstream),
                          .toxicity = std::min(1.0, static_cast<double>(toxic.toxicity))};
}

Toxic to_toxic(const fault::LinkFault& fault) {
  Toxic toxic{.name = fault.name,
              .type = std::string(kind_of(fault.action)),
              .stream = std::string(name_of(fault.stream)),
              .toxicity = static_cast<float>(fault.toxicity)};
  if (auto numbers = std::visit(Numbers{}, fault.action)) {
    toxic.numbers = *std::move(numbers);
  } else {
    const nlohmann::json json = fault::to_json(fault);
    toxic.attributes = json.at(toxic.type);
  }
  return toxic;
}

ordered_json to_plain_json(const GoValue& value) {
  switch (value.kind) {
    case GoValue::Kind::kNull:
      return nullptr;
    case GoValue::Kind::kBool:
      return value.flag;
    case GoValue::Kind::kNumber: {
      ordered_json number = ordered_json::parse(value.text, nullptr, false);
      if (number.is_discarded()) return value.text;  // larger than any double: no number for whoever reads it
      return number;
    }
    case GoValue::Kind::kString:
      return value.text;
    case GoValue::Kind::kArray: {
      ordered_json array = ordered_json::array();
      for (const GoValue& item : value.items) array.push_back(to_plain_json(item));
      return array;
    }
    case GoValue::Kind::kObject: {
      ordered_json object = ordered_json::object();
      for (const GoMember& member : value.members) object[member.key] = to_plain_json(member.value);
      return object;
    }
  }
  return nullptr;
}

const Toxic* ToxicBook::find(const std::string& link, const std::string& toxic) const {
  const auto all = of(link);
  const auto found = std::ranges::find(all, toxic, &Toxic::name);
  return found == all.end() ? nullptr : &*found;
}

std::span<const Toxic> ToxicBook::of(const std::string& link) const {
  const auto at = toxics_.find(link);
  return at == toxics_.end() ? std::span<const Toxic>() : std::span<const Toxic>(at->second);
}

void ToxicBook::put(const std::string& link, Toxic toxic) {
  std::vector<Toxic>& all = toxics_[link];
  const auto found = std::ranges::find(all, toxic.name, &Toxic::name);
  if (found == all.end()) {
    all.push_back(std::move(toxic));
  } else {
    *found = std::move(toxic);
  }
}

void ToxicBook::erase(const std::string& link, const std::string& toxic) {
  const auto at = toxics_.find(link);
  if (at == toxics_.end()) return;
  std::erase_if(at->second, [&](const Toxic& each) { return each.name == toxic; });
}

}  // namespace squall::control

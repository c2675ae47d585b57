#include "control/toxiproxy_bodies.h"

#include <fmt/format.h>

#include "control/go_fields.h"

namespace squall::control {

namespace {

constexpr std::string_view kProxyType = "toxiproxy.Proxy";
constexpr std::string_view kEntryType = "struct { toxiproxy.Proxy; Enabled *bool \"json:\\\"enabled\\\"\" }";
constexpr std::string_view kWrapperType = "toxics.ToxicWrapper";
constexpr std::string_view kUpdateType =
    "struct { Attributes interface {} \"json:\\\"attributes\\\"\"; Toxicity float32 "
    "\"json:\\\"toxicity\\\"\" }";

std::expected<void, GoJsonError> end_of(const GoDecoder& decoder) {
  if (decoder.error()) return std::unexpected(*decoder.error());
  return {};
}

// `in_list` is how Go names the fields of the two forms in its errors.
void read_field(GoDecoder& decoder, const std::string& key, const GoValue& value, bool in_list,
                ProxyInput& input) {
  const auto field = [&](std::string_view name) {
    return in_list ? GoField{"", fmt::format("Proxy.{}", name)} : GoField{"Proxy", std::string(name)};
  };
  if (is_field(key, "name")) decoder.read(value, field("name"), input.name);
  if (is_field(key, "listen")) decoder.read(value, field("listen"), input.listen);
  if (is_field(key, "upstream")) decoder.read(value, field("upstream"), input.upstream);
  if (is_field(key, "enabled")) {
    if (value.kind == GoValue::Kind::kNull) return;
    bool enabled = true;
    decoder.read(value, in_list ? GoField{"", "enabled"} : field("enabled"), enabled);
    input.enabled = enabled;
  }
  if (is_field(key, "mode") && value.kind == GoValue::Kind::kString) input.mode = value.text;
}

void read_own_attributes(const GoValue& value, Toxic& toxic) {
  if (!toxic.attributes.is_object()) toxic.attributes = nlohmann::ordered_json::object();
  const nlohmann::ordered_json given = to_plain_json(value);
  if (given.is_object()) toxic.attributes.update(given);
}

// `of_toxic` names the field when the value is no object.
void read_attributes(GoDecoder& decoder, const GoValue& value, const ToxicType& type, const GoField& of_toxic,
                     Toxic& toxic) {
  decoder.members(value, of_toxic, fmt::format("toxics.{}", type.structure),
                  [&](const std::string& key, const GoValue& number) {
                    for (std::size_t i = 0; i < type.attributes.size(); ++i) {
                      const ToxicAttribute& attribute = type.attributes[i];
                      if (!is_field(key, attribute.name)) continue;
                      const GoField field{std::string(type.structure),
                                          fmt::format("attributes.{}", attribute.name)};
                      decoder.read(number, field, attribute.type, toxic.numbers[i]);
                    }
                  });
}

}  // namespace

std::expected<void, GoJsonError> read_proxy(std::string_view body, ProxyInput& input) {
  const auto value = parse_go_json(body);
  if (!value) return std::unexpected(value.error());
  GoDecoder decoder;
  decoder.members(*value, kProxyType, [&](const std::string& key, const GoValue& each) {
    read_field(decoder, key, each, false, input);
  });
  return end_of(decoder);
}

std::expected<std::vector<ProxyInput>, GoJsonError> read_proxies(std::string_view body) {
  const auto value = parse_go_json(body);
  if (!value) return std::unexpected(value.error());
  GoDecoder decoder;
  std::vector<ProxyInput> inputs;
  if (value->kind != GoValue::Kind::kArray && value->kind != GoValue::Kind::kNull) {
    decoder.mistake(*value, go_name(value->kind), fmt::format("value of type []{}", kEntryType));
  }
  for (const GoValue& entry : value->items) {
    ProxyInput& input = inputs.emplace_back();
    decoder.members(entry, kEntryType, [&](const std::string& key, const GoValue& each) {
      read_field(decoder, key, each, true, input);
    });
  }
  if (decoder.error()) return std::unexpected(*decoder.error());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::string_view missing = inputs[i].name.empty()       ? "name"
                                     : inputs[i].upstream.empty() ? "upstream"
                                                                  : "";
    if (missing.empty()) continue;
    return std::unexpected(GoJsonError{fmt::format("{}: {} at proxy {}", kMissingField, missing, i + 1),
                                       value->items[i].offset});
  }
  return inputs;
}

std::expected<ToxicBody, GoJsonError> read_toxic(std::string_view body) {
  const auto value = parse_go_json(body);
  if (!value) return std::unexpected(value.error());
  ToxicBody read;
  Toxic& toxic = read.toxic;
  GoDecoder decoder;
  decoder.members(*value, kWrapperType, [&](const std::string& key, const GoValue& each) {
    if (is_field(key, "name")) decoder.read(each, {"ToxicWrapper", "name"}, toxic.name);
    if (is_field(key, "type")) decoder.read(each, {"ToxicWrapper", "type"}, toxic.type);
    if (is_field(key, "stream")) decoder.read(each, {"ToxicWrapper", "stream"}, toxic.stream);
    if (is_field(key, "toxicity")) decoder.read(each, {"ToxicWrapper", "toxicity"}, toxic.toxicity);
    if (is_field(key, "attributes")) {
      // Toxiproxy reads them twice, the first time without knowing the type.
      decoder.members(each, {"ToxicWrapper", "attributes"}, "toxics.NoopToxic",
                      [](const auto&, const auto&) {});
      if (each.kind != GoValue::Kind::kNull) read.attributes = each;
    }
  });
  if (decoder.error()) return std::unexpected(*decoder.error());
  return read;
}

std::expected<void, GoJsonError> read_attributes(const std::optional<GoValue>& attributes, Toxic& toxic) {
  const ToxicType* type = toxic_type(toxic.type);
  if (type == nullptr) {
    read_own_attributes(attributes.value_or(GoValue{}), toxic);
    return {};
  }
  toxic.numbers.resize(type->attributes.size());
  if (!attributes) return {};
  GoDecoder decoder;
  read_attributes(decoder, *attributes, *type, {"", "attributes"}, toxic);
  return end_of(decoder);
}

std::expected<void, GoJsonError> read_toxic_update(std::string_view body, Toxic& toxic) {
  const auto value = parse_go_json(body);
  if (!value) return std::unexpected(value.error());
  const ToxicType* type = toxic_type(toxic.type);
  GoDecoder decoder;
  decoder.members(*value, kUpdateType, [&](const std::string& key, const GoValue& each) {
    if (is_field(key, "toxicity")) decoder.read(each, {"", "toxicity"}, toxic.toxicity);
    if (!is_field(key, "attributes")) return;
    if (type != nullptr) {
      read_attributes(decoder, each, *type, {"", "attributes"}, toxic);
    } else {
      read_own_attributes(each, toxic);
    }
  });
  return end_of(decoder);
}

}  // namespace squall::control

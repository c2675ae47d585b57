// The bodies of Toxiproxy's API, read: what a client may send for a proxy, a list of proxies, a toxic. Errors
// are Toxiproxy's words.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "control/go_json.h"
#include "control/toxic.h"
#include "proxy/link_settings.h"

namespace squall::control {

struct ProxyInput {
  std::string name;
  std::string listen;
  std::string upstream;
  std::optional<bool> enabled;      // null and absent are the same
  std::optional<std::string> mode;  // ours: "bytes" or "nats"
};

// Reads over what `input` holds. Errors: mistakes of JSON and of types.
std::expected<void, GoJsonError> read_proxy(std::string_view body, ProxyInput& input);
// For files as for POST /populate; also that each has a name and an upstream, and which has not.
std::expected<std::vector<ProxyInput>, GoJsonError> read_proxies(std::string_view body);
// What GoJsonError says when it is no mistake of JSON but a missing field: "missing required field: …".
inline constexpr std::string_view kMissingField = "missing required field";

// A toxic without its attributes: those can be read when its type is known to be one.
struct ToxicBody {
  Toxic toxic;
  std::optional<GoValue> attributes;  // the last that was given
};
std::expected<ToxicBody, GoJsonError> read_toxic(std::string_view body);
// Adds the attributes to those that the toxic has; for the types of Toxiproxy and for ours.
std::expected<void, GoJsonError> read_attributes(const std::optional<GoValue>& attributes, Toxic& toxic);
// The body of an update, over what the toxic holds.
std::expected<void, GoJsonError> read_toxic_update(std::string_view body, Toxic& toxic);

}  // namespace squall::control

#include "router/nats/pub_ack.h"

#include <nlohmann/json.hpp>

namespace router::nats {
namespace {

PubAck not_an_ack(std::string_view payload) {
  return {.error_code = -1, .error = "not a PubAck: " + std::string(payload.substr(0, 100))};
}

}  // namespace

PubAck parse_pub_ack(std::string_view payload) {
  const auto json = nlohmann::json::parse(payload, nullptr, false);
  if (!json.is_object()) return not_an_ack(payload);
  try {
    PubAck ack{.stream = json.value("stream", ""),
               .sequence = json.value("seq", std::uint64_t{0}),
               .duplicate = json.value("duplicate", false)};
    if (const auto error = json.find("error"); error != json.end()) {
      ack.error_code = error->value("err_code", error->value("code", -1));
      if (ack.error_code == 0) ack.error_code = -1;
      ack.error = error->value("description", "");
    } else if (ack.sequence == 0) {
      ack.error_code = -1;
      ack.error = "no sequence";
    }
    return ack;
  } catch (const nlohmann::json::exception&) {
    return not_an_ack(payload);
  }
}

}  // namespace router::nats

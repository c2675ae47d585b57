// Any body is answered by either API, within bounds of time and memory, and what is taken is valid and can be
// shown again. No sockets: what happens behind the readers is not touched.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/invariant.h"
#include "control/link_json.h"
#include "control/toxiproxy_bodies.h"

namespace squall::control {
namespace {

void proxies(std::string_view body) {
  ProxyInput input;
  static_cast<void>(read_proxy(body, input));
  if (const auto inputs = read_proxies(body)) {
    for (const ProxyInput& each : *inputs) SQUALL_CHECK(!each.name.empty() && !each.upstream.empty());
  }
}

void toxic(std::string_view body) {
  auto read = read_toxic(body);
  if (!read || !is_toxic_type(read->toxic.type) || !toxic_stream(read->toxic)) return;
  Toxic& toxic = read->toxic;
  toxic.name += 'x';  // never empty
  if (!read_attributes(read->attributes, toxic)) return;
  const auto fault = to_fault(toxic);
  if (fault && *fault) SQUALL_CHECK(validate(**fault).has_value());
  SQUALL_CHECK(parse_go_json(to_json_text(toxic)).has_value());
  static_cast<void>(read_toxic_update(body, toxic));
  SQUALL_CHECK(parse_go_json(to_json_text(toxic)).has_value());
}

void own(std::string_view body) {
  const auto json = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return;
  proxy::LinkSettings settings;
  if (read_link(json, settings)) {
    proxy::LinkSettings again;
    nlohmann::json shown = nlohmann::json::parse(dump(to_json(proxy::LinkStatus{.settings = settings})));
    for (const char* computed : {"listening", "connections", "accepted", "refused", "bytes_up", "bytes_down",
                                 "held", "full", "moments_timed_out", "faults"}) {
      SQUALL_CHECK(shown.erase(computed) == 1);
    }
    shown["listen"] = settings.listen;
    SQUALL_CHECK(read_link(shown, again).has_value());
    SQUALL_CHECK(again == settings);
  }
  if (const auto fault = fault::link_fault_from_json(json)) {
    SQUALL_CHECK(validate(*fault).has_value());
    static_cast<void>(fault::link_fault_from_json(fault::to_json(*fault)));
  }
}

}  // namespace
}  // namespace squall::control

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace squall::control;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  proxies(body);
  toxic(body);
  own(body);
  return 0;
}

// A server's INFO as clients behind a proxy may see it: with proxied addresses only.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/address.h"

namespace squall::proxy {

struct InfoView {
  HostPort listen;  // this link's own address
  // The address at which the proxy stands for a server's; empty: it does not, and clients must not learn it.
  std::function<std::string(std::string_view)> proxied;
  std::optional<bool> tls_required;  // what to say of TLS; nothing: as the server says
};

// The INFO line, CRLF included; nothing when it may stay as it is, or is no JSON object. The other fields and
// their order stay.
std::optional<std::string> rewrite_info(std::string_view json, const InfoView& view);

}  // namespace squall::proxy

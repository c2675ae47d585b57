// Who may ask the tool's own HTTP server. It listens on loopback, but a browser on the same host would carry
// a hostile page's requests there, and on any other address everybody can ask. So:
//  - the Host must be an IP address, localhost or a name that was allowed: a page whose name was made to
//  resolve
//    to 127.0.0.1 (DNS rebinding) sends its own name;
//  - an Origin, which browsers send with every request that changes something across sites, must be this
//  server;
//  - with a token, every request must carry it.
// Pure: no sockets.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace squall::http {

struct AdmissionRules {
  std::string token;                    // empty: none is asked for
  std::vector<std::string> host_names;  // allowed besides IP addresses and localhost
};

// Why a request is turned away; a caller that speaks JSON dresses it.
struct Refusal {
  int status = 403;
  std::string reason;  // a sentence without its full stop
};

// Nothing when the request may pass.
std::optional<Refusal> refusal_of(const Request& request, const AdmissionRules& rules);

// "nats.local" of "nats.local:8474", "::1" of "[::1]:8474"; nothing if it is no host.
std::optional<std::string> host_name_of(std::string_view host);

// In a time that does not depend on where the two differ.
bool same_secret(std::string_view left, std::string_view right);

}  // namespace squall::http

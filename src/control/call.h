// One API call as plain values: what was asked, of which links, and what is known besides. Handlers are plain
// functions from it to a response; they run on the proxy's thread, so a call is atomic and needs no socket in
// a test.
#pragma once

#include <expected>
#include <functional>
#include <string>

#include "control/toxic.h"
#include "http/message.h"
#include "http/router.h"
#include "proxy/links.h"

namespace squall::control {

struct ApiError {
  int status = 400;
  std::string text;
};
// {"error":"proxy not found","status":404}, without the braces around it.
std::string error_fields(const ApiError& error);

using Answer = std::expected<http::Response, ApiError>;

// What the API knows beside the links themselves, for as long as it runs.
struct Desk {
  ToxicBook toxics;
  std::uint64_t seed = 1;  // of links that are made by the API
};

struct Call {
  const http::Request& request;
  const http::PathParts& parts;
  proxy::Links& links;
  Desk& desk;
};

using CallFunction = std::function<Answer(const Call&)>;
using CallRouter = http::Router<CallFunction>;

// A link without its faults, and what is known of them.
base::Result<void> remove_link(proxy::Links& links, Desk& desk, const std::string& link);
base::Result<void> remove_fault(proxy::Links& links, Desk& desk, const std::string& link,
                                const std::string& fault);

}  // namespace squall::control

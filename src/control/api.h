// Both APIs of the proxy behind one door: a request and the links go in, a response comes out. No sockets, no
// threads; who may ask is decided before (http/admission.h).
#pragma once

#include "control/call.h"

namespace squall::control {

// Thread: the links', one call after the other.
class Api {
 public:
  explicit Api(std::uint64_t seed);

  http::Response answer(const http::Request& request, proxy::Links& links);
  Desk& desk() { return desk_; }

 private:
  CallRouter router_;
  Desk desk_;
};

// Of the paths that Toxiproxy has, and of ours.
http::Response error_response(std::string_view path, const ApiError& error);

}  // namespace squall::control

// One HTTP/1.1 GET at a time: health, metrics and state pages. No keep-alive, redirects, compression or TLS.
// http/ is the only user of Beast.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "http/message.h"

namespace boost::asio {
class io_context;
}

namespace squall::http {

struct GetRequest {
  std::string host = "127.0.0.1";
  std::uint16_t port = 80;
  std::string target = "/";
  std::size_t max_body = 16 * 1024 * 1024;  // bytes; more is an error
};

// Errors: refused, resolved to nothing, the deadline, no HTTP, a body over the limit; each names the URL.
// Thread: the io_context's.
boost::asio::awaitable<base::Result<Response>> get(boost::asio::io_context& io, GetRequest request,
                                                   base::Instant deadline);

}  // namespace squall::http

// HTTP messages as plain values: what a handler gets and returns, without sockets and without Beast.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace squall::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

// The first header of that name, in any case; nothing when absent.
std::optional<std::string_view> find_header(const Headers& headers, std::string_view name);
std::size_t count_headers(const Headers& headers, std::string_view name);

struct Request {
  std::string method = "GET";  // as sent, upper case
  std::string path = "/";      // percent-decoded, without the query
  std::string query;           // as sent, without the '?'
  Headers headers;
  std::string body;

  // Empty when absent.
  std::string_view header(std::string_view name) const { return find_header(headers, name).value_or(""); }
};

struct Response {
  int status = 0;  // any, also 4xx and 5xx: those are answers, not errors
  Headers headers;
  std::string body;

  // Empty when absent.
  std::string_view header(std::string_view name) const { return find_header(headers, name).value_or(""); }
};

Response text_response(int status, std::string body,
                       std::string_view content_type = "text/plain; charset=utf-8");
Response json_response(int status, std::string body);

class EventFeed;

// What a handler answers: a whole response, or a head that is followed by server-sent events until the feed
// is closed or the client leaves.
struct Reply {
  Response response;
  std::shared_ptr<EventFeed> events;  // null for a whole response
};

// A request target of the wire, "/proxies/a%20b?x=1", taken apart. Nothing if it is not in origin form ("/…")
// or an escape is broken.
struct Target {
  std::string path;
  std::string query;
};
std::optional<Target> parse_target(std::string_view target);

// "Not Found"; empty for a status that has no usual name.
std::string_view reason_phrase(int status);

}  // namespace squall::http

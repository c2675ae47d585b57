// NATS header blocks: "NATS/1.0[ status[ description]]", lines of "Name: value", an empty line. Names are
// case-sensitive, as in nats-server.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace squall::wire {

struct Header {
  std::string_view name;
  std::string_view value;
  bool operator==(const Header&) const = default;
};

// The statuses that a client meets (nats-facts 4.5).
inline constexpr int kStatusFlowControlOrHeartbeat = 100;
inline constexpr int kStatusNoMessages = 404;
inline constexpr int kStatusRequestTimeout = 408;
inline constexpr int kStatusConflict = 409;
inline constexpr int kStatusNoResponders = 503;

// A parsed block; the views point into the bytes that were parsed.
struct HeaderBlock {
  int status = 0;  // 0: none
  std::string_view description;
  std::vector<Header> fields;

  // The first field of that name.
  std::optional<std::string_view> find(std::string_view name) const;
};

// Errors: no "NATS/1.0" in front, a line without a colon, no empty line at the end.
base::Result<HeaderBlock> parse_headers(std::string_view block);

// Without parsing all of it, for the hot path. 0 when there is no status, or no block.
int header_status(std::string_view block);
std::string_view header_description(std::string_view block);
std::optional<std::string_view> find_header(std::string_view block, std::string_view name);

// Writes a whole block. Names and values must not contain CR or LF (a broken invariant of the caller).
void append_headers(std::string& out, std::span<const Header> fields);
std::size_t headers_size(std::span<const Header> fields);

}  // namespace squall::wire

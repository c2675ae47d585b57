#include "control/link_flag.h"

#include <vector>

#include "proxy/address.h"

namespace squall::control {
namespace {

constexpr std::string_view kForm =
    "it is NAME=LISTEN,UPSTREAM or NAME=UPSTREAM, with ,nats behind it to read NATS";

std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    if (comma == text.npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

base::Result<proxy::LinkSettings> read_link_flag(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == text.npos) return base::fail("link {}: {}", text, kForm);
  proxy::LinkSettings link{.name = std::string(text.substr(0, equals))};
  std::vector<std::string> parts = parts_of(text.substr(equals + 1));
  if (parts.size() > 1 && (parts.back() == "nats" || parts.back() == "bytes")) {
    if (parts.back() == "nats") link.mode = proxy::LinkMode::kNats;
    parts.pop_back();
  }
  if (parts.size() > 2) return base::fail("link {}: {}", text, kForm);
  if (parts.size() == 2) link.listen = parts[0];
  link.upstream = parts.back();
  for (const std::string& address : {link.listen, link.upstream}) {
    if (auto read = proxy::parse_host_port(address); !read) {
      return base::fail("link {}: {}; {}", text, read.error().message(), kForm);
    }
  }
  return link;
}

}  // namespace squall::control

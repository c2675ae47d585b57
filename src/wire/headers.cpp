#include "wire/headers.h"

#include "base/invariant.h"

namespace squall::wire {
namespace {

constexpr std::string_view kVersion = "NATS/1.0";
constexpr std::string_view kCrlf = "\r\n";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The rest of the first line after "NATS/1.0": "503", "100 Idle Heartbeat" or nothing.
std::string_view status_line(std::string_view block) {
  if (!block.starts_with(kVersion)) return {};
  return trimmed(block.substr(kVersion.size(), block.find(kCrlf) - kVersion.size()));
}

int to_status(std::string_view line) {
  int status = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    if (i >= line.size() || line[i] < '0' || line[i] > '9') return 0;
    status = status * 10 + (line[i] - '0');
  }
  return line.size() == 3 || line[3] == ' ' ? status : 0;
}

}  // namespace

std::optional<std::string_view> HeaderBlock::find(std::string_view name) const {
  for (const Header& field : fields) {
    if (field.name == name) return field.value;
  }
  return std::nullopt;
}

base::Result<HeaderBlock> parse_headers(std::string_view block) {
  if (!block.starts_with(kVersion)) return base::fail("headers do not begin with NATS/1.0");
  if (!block.ends_with("\r\n\r\n")) return base::fail("headers do not end in an empty line");
  HeaderBlock parsed;
  parsed.status = header_status(block);
  parsed.description = header_description(block);
  std::string_view rest = block.substr(block.find(kCrlf) + kCrlf.size());
  while (rest != kCrlf) {
    const std::size_t end = rest.find(kCrlf);
    if (end == 0) return base::fail("headers go on behind their empty line");
    const std::string_view line = rest.substr(0, end);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0)
      return base::fail("header without a name: \"{}\"", line);
    parsed.fields.push_back({line.substr(0, colon), trimmed(line.substr(colon + 1))});
    rest.remove_prefix(end + kCrlf.size());
  }
  return parsed;
}

int header_status(std::string_view block) { return to_status(status_line(block)); }

std::string_view header_description(std::string_view block) {
  const std::string_view line = status_line(block);
  return to_status(line) != 0 ? trimmed(line.substr(3)) : line;
}

std::optional<std::string_view> find_header(std::string_view block, std::string_view name) {
  for (std::size_t at = block.find(kCrlf); at != std::string_view::npos; at = block.find(kCrlf, at)) {
    at += kCrlf.size();
    const std::string_view rest = block.substr(at);
    if (rest.size() > name.size() && rest[name.size()] == ':' && rest.starts_with(name)) {
      const std::string_view value = rest.substr(name.size() + 1);
      return trimmed(value.substr(0, value.find(kCrlf)));
    }
  }
  return std::nullopt;
}

void append_headers(std::string& out, std::span<const Header> fields) {
  out += kVersion;
  out += kCrlf;
  for (const Header& field : fields) {
    SQUALL_CHECK(field.name.find_first_of(":\r\n") == std::string_view::npos && !field.name.empty());
    SQUALL_CHECK(field.value.find_first_of(kCrlf) == std::string_view::npos);
    out += field.name;
    out += ": ";
    out += field.value;
    out += kCrlf;
  }
  out += kCrlf;
}

std::size_t headers_size(std::span<const Header> fields) {
  std::size_t size = kVersion.size() + 2 * kCrlf.size();
  for (const Header& field : fields) size += field.name.size() + 2 + field.value.size() + kCrlf.size();
  return size;
}

}  // namespace squall::wire

#include "control/listen_address.h"

#include <algorithm>
#include <charconv>

#include "proxy/address.h"

namespace squall::control {

namespace {

std::optional<std::string_view> split_mistake(std::string_view address, std::string_view& port) {
  const std::size_t colon = address.rfind(':');
  if (colon == address.npos) return "missing port in address";
  if (address.starts_with('[')) {
    const std::size_t end = address.find(']');
    if (end == address.npos) return "missing ']' in address";
    if (end + 1 == address.size()) return "missing port in address";
    if (end + 1 != colon)
      return address[end + 1] == ':' ? "too many colons in address" : "missing port in address";
    if (address.find('[', 1) != address.npos) return "unexpected '[' in address";
    if (address.find(']', end + 1) != address.npos) return "unexpected ']' in address";
  } else {
    if (address.substr(0, colon).find(':') != address.npos) return "too many colons in address";
    if (address.find('[') != address.npos) return "unexpected '[' in address";
    if (address.find(']') != address.npos) return "unexpected ']' in address";
  }
  port = address.substr(colon + 1);
  return std::nullopt;
}

std::optional<std::string> port_mistake(std::string_view port) {
  std::string_view digits = port;
  if (digits.starts_with('+') || digits.starts_with('-')) digits.remove_prefix(1);
  const bool is_number = std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number) return fmt::format("lookup tcp/{}: unknown port", port);
  if (digits.empty()) return std::nullopt;
  unsigned number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool negative = port.starts_with('-') && number > 0;
  if (error != std::errc{} || number > 65535 || negative)
    return fmt::format("address {}: invalid port", port);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> listen_mistake(std::string_view listen) {
  if (listen.empty()) return std::nullopt;
  std::string_view port;
  if (const auto mistake = split_mistake(listen, port))
    return fmt::format("address {}: {}", listen, *mistake);
  return port_mistake(port);
}

std::string listen_for_links(std::string_view listen) {
  if (listen.empty()) return "127.0.0.1:0";
  const std::size_t colon = listen.rfind(':');
  if (colon == listen.npos) return std::string(listen);
  const std::string_view port = listen.substr(colon + 1);
  const bool has_digits = port.find_first_of("0123456789") != port.npos;
  if (!has_digits) return std::string(listen.substr(0, colon + 1)) + '0';
  const bool has_sign = port.starts_with('+') || port.starts_with('-');
  return std::string(listen.substr(0, colon + 1)) + std::string(port.substr(has_sign ? 1 : 0));
}

std::string listen_error_text(const base::Error& error) {
  constexpr std::string_view kBefore = "cannot listen on ";
  const std::string& text = error.message();
  const std::size_t at = text.find(kBefore);
  if (at == text.npos) return text;
  const std::string rest = text.substr(at + kBefore.size());
  const std::size_t colon = rest.rfind(": ");
  if (colon == rest.npos) return text;
  std::string reason = rest.substr(colon + 2);
  if (!reason.empty() && reason[0] >= 'A' && reason[0] <= 'Z')
    reason[0] = static_cast<char>(reason[0] - 'A' + 'a');
  return fmt::format("listen tcp {}: bind: {}", rest.substr(0, colon), reason);
}

bool same_listen(std::string_view one, std::string_view other) {
  if (one == other) return true;
  const auto left = proxy::parse_host_port(one);
  const auto right = proxy::parse_host_port(other);
  if (!left || !right) return false;
  const auto left_address = proxy::numeric_address(*left);
  const auto right_address = proxy::numeric_address(*right);
  return left_address && right_address && *left_address == *right_address;
}

}  // namespace squall::control

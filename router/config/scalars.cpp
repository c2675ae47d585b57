#include "router/config/scalars.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>
#include <utility>

namespace router::config {
namespace {

bool all_of(std::string_view text, bool (*accepts)(char)) { return std::ranges::all_of(text, accepts); }

bool is_token_char(char c) { return c > ' ' && c != 0x7f && c != '*' && c != '>' && c != '.'; }
bool is_name_char(char c) { return is_token_char(c) && c != '/' && c != '\\'; }

std::vector<std::string_view> tokens_of(std::string_view subject) {
  std::vector<std::string_view> tokens;
  while (true) {
    const std::size_t dot = subject.find('.');
    tokens.push_back(subject.substr(0, dot));
    if (dot == std::string_view::npos) return tokens;
    subject.remove_prefix(dot + 1);
  }
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration{0};
  static constexpr std::array<std::pair<std::string_view, double>, 6> kUnits{
      {{"us", 1e3}, {"ms", 1e6}, {"min", 60e9}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}}};
  for (const auto& [unit, nanos] : kUnits) {
    if (!text.ends_with(unit)) continue;
    const auto number = parse_number(text.substr(0, text.size() - unit.size()));
    if (!number || *number < 0) return std::nullopt;  // "5us" ends with "s", too, but is found as "us" first
    const double total = *number * nanos;
    if (total > 9e18) return std::nullopt;
    return Duration{std::llround(total)};
  }
  return std::nullopt;
}

std::optional<std::size_t> parse_bytes(std::string_view text) {
  std::size_t unit = 1;
  for (const auto& [suffix, size] : {std::pair{std::string_view("KiB"), std::size_t{1024}},
                                     std::pair{std::string_view("MiB"), std::size_t{1024 * 1024}}}) {
    if (!text.ends_with(suffix)) continue;
    text.remove_suffix(suffix.size());
    unit = size;
    break;
  }
  const auto number = parse_integer(text);
  if (!number || *number < 0 || *number > std::int64_t{1} << 40) return std::nullopt;
  return static_cast<std::size_t>(*number) * unit;
}

std::optional<bool> parse_bool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

std::optional<HttpSettings> parse_listen(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') != host.ends_with(']')) return std::nullopt;
  if (host.starts_with('[')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  const auto port = parse_integer(text.substr(colon + 1));
  if (host.empty() || !port || *port < 0 || *port > 65535) return std::nullopt;
  return HttpSettings{std::string(host), static_cast<std::uint16_t>(*port)};
}

bool is_subject(std::string_view text) {
  if (text.empty() || text.starts_with('$') || text.size() > 255) return false;
  return std::ranges::all_of(
      tokens_of(text), [](std::string_view token) { return !token.empty() && all_of(token, is_token_char); });
}

bool is_subject_pattern(std::string_view text) {
  if (text.empty() || text.starts_with('$') || text.size() > 255) return false;
  const auto tokens = tokens_of(text);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const bool last = i + 1 == tokens.size();
    if (tokens[i] == "*" || (tokens[i] == ">" && last)) continue;
    if (tokens[i].empty() || !all_of(tokens[i], is_token_char)) return false;
  }
  return true;
}

bool is_stream_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 && all_of(text, is_name_char);
}

bool subjects_overlap(std::string_view one, std::string_view other) {
  while (true) {
    const std::size_t one_dot = one.find('.');
    const std::size_t other_dot = other.find('.');
    const auto token = one.substr(0, one_dot);
    const auto other_token = other.substr(0, other_dot);
    if (token == ">" || other_token == ">") return true;
    if (token != other_token && token != "*" && other_token != "*") return false;
    if (one_dot == one.npos || other_dot == other.npos) return one_dot == other_dot;
    one.remove_prefix(one_dot + 1);
    other.remove_prefix(other_dot + 1);
  }
}

bool is_nats_url(std::string_view text) {
  if (text.starts_with("nats://")) {
    text.remove_prefix(7);
  } else if (text.starts_with("tls://")) {
    text.remove_prefix(6);
  } else if (text.find("://") != std::string_view::npos) {
    return false;
  }
  if (!all_of(text, [](char c) { return c > ' ' && c != 0x7f && c != ',' && c != '/'; })) return false;
  std::string_view address = text.substr(text.rfind('@') + 1);  // all of it, without credentials
  if (address.empty()) return false;
  const std::size_t colon = address.rfind(':');
  if (colon == address.npos || address.ends_with(']')) return true;  // no port
  const auto port = parse_integer(address.substr(colon + 1));
  return colon > 0 && port && *port >= 1 && *port <= 65535;
}

std::string without_credentials(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t start = scheme == url.npos ? 0 : scheme + 3;
  const std::size_t at = url.rfind('@');
  if (at == url.npos || at < start) return std::string(url);
  return std::string(url.substr(0, start)).append(url.substr(at + 1));
}

std::optional<std::string> nearest(std::string_view text, const std::vector<std::string>& known) {
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(2, text.size() / 3) + 1;
  for (const std::string& name : known) {
    const std::size_t distance = edit_distance(text, name);
    if (distance < best_distance) {
      best_distance = distance;
      best = name;
    }
  }
  return best;
}

}  // namespace router::config

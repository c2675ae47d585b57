#include "experiment/notation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <utility>

namespace squall::experiment {
namespace {

using namespace std::chrono_literals;

bool is_token_char(char c) {
  return static_cast<unsigned char>(c) > ' ' && c != 0x7f && c != '*' && c != '>' && c != '.';
}
bool is_alphanumeric(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

std::string_view trimmed(std::string_view text) {
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// Calls `accepts` with each token of a subject and whether it is the last; false as soon as one is refused.
template <typename Accepts>
bool each_token(std::string_view subject, Accepts accepts) {
  while (true) {
    const std::size_t dot = subject.find('.');
    if (!accepts(subject.substr(0, dot), dot == std::string_view::npos)) return false;
    if (dot == std::string_view::npos) return true;
    subject.remove_prefix(dot + 1);
  }
}

bool is_plain_token(std::string_view token) {
  return !token.empty() && std::ranges::all_of(token, is_token_char);
}

// The text after one of the schemes; nothing when it has another, or none.
std::optional<std::string_view> after_scheme(std::string_view text,
                                             std::initializer_list<std::string_view> schemes) {
  for (const std::string_view scheme : schemes) {
    if (text.starts_with(scheme)) return text.substr(scheme.size());
  }
  return std::nullopt;
}

}  // namespace

std::optional<double> read_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<std::int64_t> read_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<base::Nanos> read_duration(std::string_view text) {
  if (text == "0") return base::Nanos{0};
  static constexpr std::array<std::pair<std::string_view, double>, 6> kUnits{
      {{"us", 1e3}, {"ms", 1e6}, {"min", 60e9}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}}};
  for (const auto& [unit, nanos] : kUnits) {
    if (!text.ends_with(unit)) continue;
    const auto number = read_number(trimmed(text.substr(0, text.size() - unit.size())));
    if (!number || *number < 0) return std::nullopt;  // "5us" ends with "s", too, but is found as "us" first
    const double total = *number * nanos;
    if (total > 4e18) return std::nullopt;
    return base::Nanos{std::llround(total)};
  }
  return std::nullopt;
}

std::optional<double> read_rate(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, double>, 3> kUnits{
      {{"/s", 1.0}, {"/min", 60.0}, {"/h", 3600.0}}};
  for (const auto& [unit, seconds] : kUnits) {
    if (!text.ends_with(unit)) continue;
    const auto number = read_number(trimmed(text.substr(0, text.size() - unit.size())));
    if (!number) return std::nullopt;
    return *number / seconds;
  }
  return std::nullopt;
}

std::optional<std::int64_t> read_size(std::string_view text) {
  std::int64_t unit = 1;
  static constexpr std::array<std::pair<std::string_view, std::int64_t>, 3> kUnits{
      {{"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}}};
  for (const auto& [suffix, size] : kUnits) {
    if (!text.ends_with(suffix)) continue;
    text = trimmed(text.substr(0, text.size() - suffix.size()));
    unit = size;
    break;
  }
  const auto number = read_integer(text);
  if (!number || *number < 0 || *number > (std::int64_t{1} << 50) / unit) return std::nullopt;
  return *number * unit;
}

std::optional<std::pair<std::int64_t, std::int64_t>> read_size_range(std::string_view text) {
  const std::size_t dots = text.find("..");
  const auto least = read_size(trimmed(text.substr(0, dots)));
  std::string_view rest = dots == std::string_view::npos ? text : text.substr(dots + 2);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  const auto most = read_size(rest);
  if (!least || !most || *least > *most) return std::nullopt;
  return std::pair(*least, *most);
}

std::optional<std::vector<std::string>> expand_range(std::string_view text) {
  constexpr std::int64_t kMost = 1000;
  std::size_t open = text.find('{');
  // A variable is no range.
  while (open != std::string_view::npos && open > 0 && text[open - 1] == '$') open = text.find('{', open + 1);
  if (open == std::string_view::npos) return std::vector{std::string(text)};
  const std::size_t close = text.find('}', open);
  const std::size_t dots = text.find("..", open);
  if (close == std::string_view::npos || dots == std::string_view::npos || dots > close) return std::nullopt;
  const auto first = read_integer(text.substr(open + 1, dots - open - 1));
  const auto last = read_integer(text.substr(dots + 2, close - dots - 2));
  if (!first || !last || *first < 0 || *last < *first || *last - *first >= kMost) return std::nullopt;
  std::vector<std::string> all;
  for (std::int64_t number = *first; number <= *last; ++number) {
    all.push_back(fmt::format("{}{}{}", text.substr(0, open), number, text.substr(close + 1)));
  }
  return all;
}

std::optional<double> read_share(std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text = trimmed(text.substr(0, text.size() - 1));
  const auto number = read_number(text);
  if (!number) return std::nullopt;
  return percent ? *number / 100 : *number;
}

std::optional<bool> read_flag(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

std::string write_duration(base::Nanos duration) {
  const auto whole = [&](base::Nanos unit) { return duration % unit == base::Nanos{0}; };
  if (duration == base::Nanos{0}) return "0s";
  if (whole(1h)) return fmt::format("{}h", duration / 1h);
  if (whole(1min)) return fmt::format("{}min", duration / 1min);
  if (whole(1s)) return fmt::format("{}s", duration / 1s);
  if (whole(1ms) && duration < 1s) return fmt::format("{}ms", duration / 1ms);
  if (duration >= 1s) return fmt::format("{:g}s", static_cast<double>(duration.count()) / 1e9);
  return fmt::format("{}us", duration / 1us);
}

bool is_subject(std::string_view text) {
  return text.size() <= 255 &&
         each_token(text, [](std::string_view token, bool /*last*/) { return is_plain_token(token); });
}

bool is_subject_pattern(std::string_view text) {
  return text.size() <= 255 && each_token(text, [](std::string_view token, bool last) {
           return token == "*" || (token == ">" && last) || is_plain_token(token);
         });
}

bool is_stream_name(std::string_view text) {
  return text.size() <= 128 && is_plain_token(text) && text.find_first_of("/\\") == std::string_view::npos;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 && is_alphanumeric(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; });
}

bool is_json_pointer(std::string_view text) {
  if (!text.starts_with('/')) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '~') continue;
    if (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1')) return false;
  }
  return true;
}

bool is_nats_url(std::string_view text) {
  const auto rest = after_scheme(text, {"nats://", "tls://"});
  return rest && !rest->empty() && std::ranges::all_of(*rest, [](char c) {
           return static_cast<unsigned char>(c) > ' ' && c != 0x7f && c != ',' && c != '/' && c != '@';
         });
}

bool is_http_url(std::string_view text) {
  const auto rest = after_scheme(text, {"http://"});
  return rest && !rest->empty() && !rest->starts_with('/') && rest->find(' ') == std::string_view::npos;
}

bool is_header_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != 0x7f && c != ':';
  });
}

}  // namespace squall::experiment

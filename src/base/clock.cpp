#include "base/clock.h"

#include <fmt/format.h>

#include <cctype>
#include <cmath>
#include <cstdlib>
#include <ctime>

namespace squall::base {
namespace {

std::tm utc_fields(WallInstant instant) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(instant).time_since_epoch().count();
  std::tm fields{};
  gmtime_r(&seconds, &fields);
  return fields;
}

// Reads exactly `digits` decimal digits off the front of `text`; -1 if they are not there.
int take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return -1;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (!std::isdigit(static_cast<unsigned char>(text[i]))) return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take_char(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

Instant now() { return std::chrono::time_point_cast<Nanos>(std::chrono::steady_clock::now()); }

WallInstant wall_now() { return std::chrono::time_point_cast<Nanos>(std::chrono::system_clock::now()); }

WallAnchor WallAnchor::take() {
  // The narrowest of a few readings: a pre-emption between the two clocks would skew every mapped stamp.
  WallAnchor best{};
  Nanos best_gap = Nanos::max();
  for (int i = 0; i < 5; ++i) {
    const Instant before = now();
    const WallInstant wall = wall_now();
    const Instant after = now();
    if (after - before < best_gap) {
      best_gap = after - before;
      best = {before + (after - before) / 2, wall};
    }
  }
  return best;
}

std::string format_utc(WallInstant instant) {
  const std::tm f = utc_fields(instant);
  const auto whole = std::chrono::floor<std::chrono::seconds>(instant);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(instant - whole).count();
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", f.tm_year + 1900, f.tm_mon + 1, f.tm_mday,
                     f.tm_hour, f.tm_min, f.tm_sec, micros);
}

std::string format_utc_compact(WallInstant instant) {
  const std::tm f = utc_fields(instant);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", f.tm_year + 1900, f.tm_mon + 1, f.tm_mday, f.tm_hour,
                     f.tm_min, f.tm_sec);
}

std::optional<WallInstant> parse_rfc3339(std::string_view text) {
  std::tm f{};
  f.tm_year = take_number(text, 4) - 1900;
  if (f.tm_year < 0 || !take_char(text, "-")) return std::nullopt;
  f.tm_mon = take_number(text, 2) - 1;
  if (f.tm_mon < 0 || f.tm_mon > 11 || !take_char(text, "-")) return std::nullopt;
  f.tm_mday = take_number(text, 2);
  if (f.tm_mday < 1 || f.tm_mday > 31 || !take_char(text, "Tt ")) return std::nullopt;
  f.tm_hour = take_number(text, 2);
  if (f.tm_hour < 0 || f.tm_hour > 23 || !take_char(text, ":")) return std::nullopt;
  f.tm_min = take_number(text, 2);
  if (f.tm_min < 0 || f.tm_min > 59 || !take_char(text, ":")) return std::nullopt;
  f.tm_sec = take_number(text, 2);
  if (f.tm_sec < 0 || f.tm_sec > 60) return std::nullopt;

  Nanos fraction{0};
  if (take_char(text, ".")) {
    long long scale = 100'000'000;
    bool any = false;
    while (!text.empty() && std::isdigit(static_cast<unsigned char>(text.front()))) {
      fraction += Nanos{(text.front() - '0') * scale};
      scale /= 10;
      text.remove_prefix(1);
      any = true;
    }
    if (!any) return std::nullopt;
  }

  std::chrono::seconds offset{0};
  if (!take_char(text, "Zz")) {
    const bool west = !text.empty() && text.front() == '-';
    if (!take_char(text, "+-")) return std::nullopt;
    const int hours = take_number(text, 2);
    if (hours < 0 || !take_char(text, ":")) return std::nullopt;
    const int minutes = take_number(text, 2);
    if (minutes < 0) return std::nullopt;
    offset = std::chrono::hours{hours} + std::chrono::minutes{minutes};
    if (west) offset = -offset;
  }
  if (!text.empty()) return std::nullopt;
  return WallInstant{std::chrono::seconds{timegm(&f)} + fraction - offset};
}

std::string format_duration(Nanos duration) {
  if (duration < Nanos{0}) return "-" + format_duration(-duration);
  const double us = static_cast<double>(duration.count()) / 1e3;
  if (duration == Nanos{0}) return "0 s";
  if (us < 999.5) return fmt::format("{:.0f} µs", us);
  if (us < 9.995e3) return fmt::format("{:.1f} ms", us / 1e3);
  if (us < 999.5e3) return fmt::format("{:.0f} ms", us / 1e3);
  if (us < 99.995e6) return fmt::format("{:.2f} s", us / 1e6);
  const auto seconds = std::llround(us / 1e6);
  return fmt::format("{} min {} s", seconds / 60, seconds % 60);
}

double to_ms(Nanos duration) { return static_cast<double>(duration.count()) / 1e6; }

}  // namespace squall::base

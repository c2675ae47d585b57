// Time: monotonic nanoseconds inside, wall-clock only for display and for stamps that come from other
// processes (log lines, stored messages), which WallAnchor maps onto the monotonic clock.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace squall::base {

using Nanos = std::chrono::nanoseconds;
// An instant of CLOCK_MONOTONIC.
using Instant = std::chrono::time_point<std::chrono::steady_clock, Nanos>;
// An instant of CLOCK_REALTIME.
using WallInstant = std::chrono::time_point<std::chrono::system_clock, Nanos>;

Instant now();
WallInstant wall_now();

// One simultaneous reading of both clocks. Maps wall-clock stamps of the same host onto the monotonic clock,
// as long as the wall clock is not stepped after the reading (take a new anchor per trial).
struct WallAnchor {
  Instant mono;
  WallInstant wall;

  static WallAnchor take();
  Instant to_mono(WallInstant stamp) const { return mono + (stamp - wall); }
  WallInstant to_wall(Instant instant) const { return wall + (instant - mono); }
};

// "2026-11-23T09:41:07.604123Z" (always microseconds, always UTC).
std::string format_utc(WallInstant instant);
// "20261123T094107Z", as run folders are named.
std::string format_utc_compact(WallInstant instant);
// Reads RFC 3339 with any number of fraction digits and Z or an offset; nothing if it is not that.
std::optional<WallInstant> parse_rfc3339(std::string_view text);

// For people: "740 µs", "12 ms", "2.01 s", "3 min 4 s".
std::string format_duration(Nanos duration);
// The number that leaves the type system, as in `ttg_ms`.
double to_ms(Nanos duration);

}  // namespace squall::base

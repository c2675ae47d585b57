#include "base/clock.h"

#include <gtest/gtest.h>

namespace squall::base {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Clock, FormatsAndReadsBackUtc) {
  const WallInstant instant{seconds{1'700'000'000} + Nanos{123'456'000}};
  EXPECT_EQ(format_utc(instant), "2023-11-14T22:13:20.123456Z");
  EXPECT_EQ(format_utc_compact(instant), "20231114T221320Z");
  EXPECT_EQ(parse_rfc3339(format_utc(instant)), instant);
}

TEST(Clock, ReadsNanosecondsAndOffsets) {
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00.000000001Z"), WallInstant{Nanos{1}});
  EXPECT_EQ(parse_rfc3339("1970-01-01T02:00:00+02:00"), WallInstant{});
  EXPECT_EQ(parse_rfc3339("1969-12-31T23:30:00-00:30"), WallInstant{});
}

TEST(Clock, RefusesWhatIsNotATime) {
  for (const char* bad : {"", "yesterday", "2023-13-01T00:00:00Z", "2023-01-01T00:00:00",
                          "2023-01-01T00:00:00.Z", "2023-01-01T00:00:00Zjunk", "2023-01-01T25:00:00Z"}) {
    EXPECT_EQ(parse_rfc3339(bad), std::nullopt) << bad;
  }
}

TEST(Clock, DurationsReadWell) {
  EXPECT_EQ(format_duration(Nanos{0}), "0 s");
  EXPECT_EQ(format_duration(Nanos{740'000}), "740 µs");
  EXPECT_EQ(format_duration(Nanos{3'140'000}), "3.1 ms");
  EXPECT_EQ(format_duration(milliseconds{12}), "12 ms");
  EXPECT_EQ(format_duration(milliseconds{2010}), "2.01 s");
  EXPECT_EQ(format_duration(minutes{3} + seconds{4}), "3 min 4 s");
  EXPECT_EQ(format_duration(-milliseconds{12}), "-12 ms");
  EXPECT_EQ(format_duration(Nanos{999'700}), "1.0 ms");
}

TEST(Clock, AnchorMapsBothWays) {
  const WallAnchor anchor{Instant{seconds{10}}, WallInstant{hours{5}}};
  EXPECT_EQ(anchor.to_mono(WallInstant{hours{5} + milliseconds{3}}), Instant{seconds{10} + milliseconds{3}});
  EXPECT_EQ(anchor.to_wall(Instant{seconds{9}}), WallInstant{hours{5} - seconds{1}});
}

}  // namespace
}  // namespace squall::base

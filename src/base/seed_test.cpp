#include "base/seed.h"

#include <gtest/gtest.h>

#include <array>

namespace squall::base {
namespace {

TEST(Seed, SameNamesGiveTheSameChoiceAndOthersDiffer) {
  constexpr Seed seed(7);
  static_assert(seed.derive("link").derive(3).below(1000) == Seed(7).derive("link").derive(3).below(1000));
  EXPECT_NE(seed.derive("a").value(), seed.derive("b").value());
  EXPECT_NE(seed.derive("a").value(), Seed(8).derive("a").value());
}

TEST(Seed, ChoicesAreSpreadEvenly) {
  std::array<int, 10> hits{};
  for (std::uint64_t i = 0; i < 10'000; ++i) ++hits[Seed(1).derive(i).below(10)];
  for (const int count : hits) EXPECT_NEAR(count, 1000, 150);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const double unit = Seed(1).derive(i).unit();
    EXPECT_TRUE(unit >= 0.0 && unit < 1.0);
  }
}

}  // namespace
}  // namespace squall::base

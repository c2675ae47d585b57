#include "ledger/numbered_keys.h"

#include <gtest/gtest.h>

namespace squall::ledger {
namespace {

TEST(NumberedKeys, CountUpThroughEveryLength) {
  NumberedKeys keys("k9-", 0);
  for (std::uint64_t n = 0; n <= 10'100; ++n) ASSERT_TRUE(keys.next_is("k9-" + std::to_string(n))) << n;
}

TEST(NumberedKeys, AnotherKeyIsNotTheNextAndTakesItsTurn) {
  NumberedKeys keys("", 98);
  EXPECT_TRUE(keys.next_is("98"));
  EXPECT_FALSE(keys.next_is("099"));
  EXPECT_TRUE(keys.next_is("100"));
  EXPECT_FALSE(keys.next_is("100"));
}

}  // namespace
}  // namespace squall::ledger

#include "router/messages/effect_id.h"

#include <gtest/gtest.h>

namespace router::messages {
namespace {

TEST(EffectId, Sha256IsTheStandardOne) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(EffectId, TellsApartWhatConcatenatesAlike) {
  EXPECT_NE(effect_id({"a", "bc"}), effect_id({"ab", "c"}));
  EXPECT_NE(effect_id({"", "abc"}), effect_id({"abc", ""}));
  EXPECT_EQ(effect_id({"a", "bc"}), effect_id({"a", "bc"}));
}

// Stored decisions are found by it: it must never change.
TEST(EffectId, IsAFixedFunction) {
  EXPECT_EQ(effect_id({"t", "k"}), "083f911db87e6b64f0eecbf597d2ac2ca72c2559c0ac9967da072cfdfefebe79");
}

TEST(EffectId, SpreadsEvenly) {
  int low = 0;
  for (int i = 0; i < 1000; ++i) {
    const double unit = unit_of(effect_id({"t", std::to_string(i)}));
    ASSERT_GE(unit, 0.0);
    ASSERT_LT(unit, 1.0);
    if (unit < 0.5) ++low;
  }
  EXPECT_NEAR(low, 500, 60);
}

}  // namespace
}  // namespace router::messages

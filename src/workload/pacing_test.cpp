#include "workload/pacing.h"

#include <gtest/gtest.h>

namespace squall::workload {
namespace {

using std::chrono::milliseconds;

TEST(Pacing, SpacesEvenly) {
  const Pacing pacing{.per_second = 500, .burst = 1};
  EXPECT_EQ(due_offset(pacing, 0), milliseconds{0});
  EXPECT_EQ(due_offset(pacing, 1), milliseconds{2});
  EXPECT_EQ(due_offset(pacing, 500), milliseconds{1000});
}

TEST(Pacing, ABurstIsDueAtOnceAndKeepsTheRate) {
  const Pacing pacing{.per_second = 1000, .burst = 20};
  EXPECT_EQ(due_offset(pacing, 19), milliseconds{0});
  EXPECT_EQ(due_offset(pacing, 20), milliseconds{20});
  EXPECT_EQ(due_offset(pacing, 1000), milliseconds{1000});
}

}  // namespace
}  // namespace squall::workload

#include "run/consumer_pulse.h"

#include <gtest/gtest.h>

namespace squall::run {
namespace {

using namespace std::chrono_literals;

constexpr base::Instant kStart{};

// As the server says it: so many delivered, the first of them acked, so many pulls open.
client::ConsumerStatus look(std::uint64_t delivered, std::uint64_t acked, std::uint64_t pulls = 0) {
  client::ConsumerStatus status;
  status.delivered_consumer_seq = delivered;
  status.ack_floor_consumer_seq = acked;
  status.num_ack_pending = delivered - acked;
  status.num_waiting = pulls;
  return status;
}

TEST(ConsumerPulse, AnOpenPullOrABoundPushIsSomebody) {
  ConsumerPulse pulse;
  EXPECT_TRUE(pulse.is_served(look(0, 0, 1), kStart));
  EXPECT_FALSE(pulse.is_served(look(0, 0), kStart + 20ms));
  client::ConsumerStatus pushed;
  pushed.config = {{"deliver_subject", "to.somebody"}};
  EXPECT_FALSE(pulse.is_served(pushed, kStart + 40ms)) << "its subscriber is gone";
  pushed.push_bound = true;
  EXPECT_TRUE(pulse.is_served(pushed, kStart + 60ms));
}

// Three Node workers that fetch ten messages each and work 15 ms on every one had no pull open most of the
// time, and a healthy system was red for ever.
TEST(ConsumerPulse, AWorkerIsThereBetweenTwoFetchesWhileItAcks) {
  ConsumerPulse pulse;
  EXPECT_TRUE(pulse.is_served(look(0, 0, 1), kStart));
  EXPECT_TRUE(pulse.is_served(look(10, 0), kStart + 20ms)) << "a batch was taken";
  for (std::uint64_t acked = 1; acked <= 10; ++acked) {
    EXPECT_TRUE(pulse.is_served(look(10, acked), kStart + 20ms + acked * 200ms));
  }
}

TEST(ConsumerPulse, AnAckOutOfTurnCountsToo) {
  ConsumerPulse pulse;
  (void)pulse.is_served(look(10, 0), kStart);
  client::ConsumerStatus later = look(10, 0);
  later.num_ack_pending = 9;
  EXPECT_TRUE(pulse.is_served(later, kStart + 20ms));
}

TEST(ConsumerPulse, WhoDiedOverABatchIsGoneSoon) {
  ConsumerPulse pulse;
  (void)pulse.is_served(look(0, 0, 1), kStart);
  const base::Instant died = kStart + 20ms;
  (void)pulse.is_served(look(10, 0), died);
  EXPECT_TRUE(pulse.is_served(look(10, 0), died + ConsumerPulse::kBetweenFetches));
  EXPECT_FALSE(pulse.is_served(look(10, 0), died + ConsumerPulse::kBetweenFetches + 1ms));
}

TEST(ConsumerPulse, TheFirstLookAndAnOlderStateAreNoMovement) {
  ConsumerPulse pulse;
  EXPECT_FALSE(pulse.is_served(look(10, 3), kStart));
  EXPECT_FALSE(pulse.is_served(look(8, 3), kStart + 20ms)) << "the server came back with what it had stored";
}

}  // namespace
}  // namespace squall::run

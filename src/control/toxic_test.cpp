#include "control/toxic.h"

#include <gtest/gtest.h>

namespace squall::control {
namespace {

using namespace std::chrono_literals;

fault::LinkFault fault_of(const Toxic& toxic) {
  const auto fault = to_fault(toxic);
  if (!fault || !*fault) {
    ADD_FAILURE() << toxic.type << (fault ? " has no effect" : ": " + fault.error().message());
    return {};
  }
  EXPECT_TRUE(validate(**fault)) << validate(**fault).error().message();
  return **fault;
}

TEST(Toxic, EachStandsForItsFaultInOurUnits) {
  EXPECT_EQ(fault_of({.name = "t", .type = "latency", .numbers = {100, 10}}).action,
            fault::LinkAction(fault::Latency{.delay = 100ms, .jitter = 10ms}));
  EXPECT_EQ(fault_of({.name = "t", .type = "bandwidth", .numbers = {5}}).action,
            fault::LinkAction(fault::Bandwidth{.bytes_per_second = 5000}));
  EXPECT_EQ(fault_of({.name = "t", .type = "slow_close", .numbers = {7}}).action,
            fault::LinkAction(fault::SlowClose{.delay = 7ms}));
  EXPECT_EQ(fault_of({.name = "t", .type = "timeout", .numbers = {0}}).action,
            fault::LinkAction(fault::Timeout{}));
  EXPECT_EQ(fault_of({.name = "t", .type = "reset_peer", .numbers = {7}}).action,
            fault::LinkAction(fault::ResetPeer{.after = 7ms}));
  EXPECT_EQ(fault_of({.name = "t", .type = "slicer", .numbers = {10, 2, 30}}).action,
            fault::LinkAction(fault::Slicer{.average_size = 10, .size_variation = 2, .delay = 30us}));
  EXPECT_EQ(fault_of({.name = "t", .type = "limit_data", .numbers = {9}}).action,
            fault::LinkAction(fault::LimitData{.bytes = 9}));
}

TEST(Toxic, WhatCanDoNothingIsNoFault) {
  for (const Toxic& toxic :
       std::vector<Toxic>{{.name = "t", .type = "latency", .numbers = {0, 0}},
                          {.name = "t", .type = "latency", .numbers = {-5, -1}},
                          {.name = "t", .type = "slicer", .numbers = {0, 0, 0}},
                          {.name = "t", .type = "timeout", .toxicity = 0, .numbers = {0}},
                          {.name = "t", .type = "timeout", .toxicity = -1, .numbers = {0}},
                          {.name = "t", .type = "noop"}}) {
    const auto fault = to_fault(toxic);
    ASSERT_TRUE(fault);
    EXPECT_FALSE(*fault) << to_json_text(toxic);
  }
}

TEST(Toxic, NumbersThatToxiproxyTakesNeverMakeAnInvalidFault) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  for (const std::int64_t a : {kLeast, std::int64_t{-1}, std::int64_t{0}, std::int64_t{1}, kMost}) {
    for (const std::int64_t b : {kLeast, std::int64_t{0}, std::int64_t{5}, kMost}) {
      for (const auto& [type, numbers] :
           std::vector<std::pair<std::string, std::vector<std::int64_t>>>{{"latency", {a, b}},
                                                                          {"bandwidth", {a}},
                                                                          {"slow_close", {a}},
                                                                          {"timeout", {a}},
                                                                          {"reset_peer", {a}},
                                                                          {"slicer", {a, b, b}},
                                                                          {"limit_data", {a}}}) {
        const auto fault = to_fault({.name = "t", .type = type, .toxicity = 5, .numbers = numbers});
        ASSERT_TRUE(fault);
        if (!*fault) continue;
        const auto valid = validate(**fault);
        EXPECT_TRUE(valid) << type << " " << a << " " << b << ": " << valid.error().message();
      }
    }
  }
}

TEST(Toxic, ANumberBeyondEveryDoubleIsNoNumberAndCanStillBeShown) {
  EXPECT_EQ(to_plain_json(*parse_go_json("1e999")), "1e999");
  EXPECT_EQ(to_plain_json(*parse_go_json("1e9")), 1e9);
}

TEST(Toxic, ARateOfZeroLetsNothingPass) {
  EXPECT_EQ(fault_of({.name = "t", .type = "bandwidth", .numbers = {0}}).action,
            fault::LinkAction(fault::BlackHole{}));
}

TEST(Toxic, OwnFaultsHaveTheSameShape) {
  const fault::LinkFault half = fault_of({.name = "h",
                                          .type = "half_open",
                                          .stream = "upstream",
                                          .attributes = nlohmann::ordered_json::object()});
  EXPECT_EQ(kind_of(half.action), "half_open");
  EXPECT_EQ(half.stream, fault::LinkStream::kUpstream);
  const fault::LinkFault late = fault_of(
      {.name = "late", .type = "ack_delay", .attributes = {{"stream", "ORDERS"}, {"delay_ms", 300}}});
  const auto& nats = std::get<fault::NatsFault>(late.action);
  EXPECT_EQ(nats.match.stream, "ORDERS");
  EXPECT_EQ(nats.action, fault::NatsAction(fault::NatsDelay{.delay = 300ms}));
  EXPECT_FALSE(to_fault({.name = "late", .type = "ack_delay", .attributes = {{"delay", 300}}}));
}

TEST(Toxic, EveryFaultIsShownAsAToxicThatMeansTheSame) {
  for (const fault::LinkAction& action : std::vector<fault::LinkAction>{
           fault::Latency{.delay = 3ms, .jitter = 1ms}, fault::Bandwidth{.bytes_per_second = 7000},
           fault::SlowClose{.delay = 1ms}, fault::Timeout{.after = 1ms}, fault::ResetPeer{.after = 2ms},
           fault::Refuse{}, fault::BlackHole{.after_bytes = 5}, fault::CutAfterBytes{.bytes = 6},
           fault::CutAfterTime{.age = 7ms},
           fault::Slicer{.average_size = 8, .size_variation = 1, .delay = 2us}, fault::LimitData{.bytes = 9},
           fault::NatsFault{
               .name = "f", .match = {.kinds = {fault::NatsKind::kAck}}, .action = fault::NatsDrop{}}}) {
    const fault::LinkFault fault{.name = "f",
                                 .action = action,
                                 .stream = std::holds_alternative<fault::NatsFault>(action)
                                               ? fault::LinkStream::kBoth
                                               : fault::LinkStream::kUpstream,
                                 .toxicity = std::holds_alternative<fault::NatsFault>(action) ? 1 : 0.5};
    EXPECT_EQ(fault_of(to_toxic(fault)), fault) << to_json_text(to_toxic(fault));
  }
}

}  // namespace
}  // namespace squall::control

// What the faults of a trial are to the promises of NATS.
#include "run/fault_facts.h"

#include <gtest/gtest.h>

namespace squall::run {
namespace {

using fault::Kill;
using fault::OnTarget;
using ledger::FaultClass;

std::vector<ledger::FaultStruck> struck_by(fault::Action action) {
  fault::TrialSteps steps;
  steps.steps.push_back({.fault = {.name = "it", .action = std::move(action)}});
  const Struck struck{.fault = "it", .effect_at = base::Instant(std::chrono::seconds(1))};
  std::vector<ledger::FaultStruck> all;
  for (const ledger::Circumstance& fact : fault_facts(steps, {struck}, 1)) {
    if (const auto* one = std::get_if<ledger::FaultStruck>(&fact)) all.push_back(*one);
  }
  return all;
}

TEST(FaultFacts, AServerIsOneByItsNumberOrBecauseItLed) {
  struct Case {
    std::string target;
    FaultClass fault_class;
    std::uint32_t servers;
  };
  for (const Case& each :
       {Case{"nats-2", FaultClass::process_kill, 1}, Case{"leader:ORDERS", FaultClass::process_kill, 1},
        Case{"nats-worker", FaultClass::service, 0}, Case{"nats-", FaultClass::service, 0},
        Case{"orders", FaultClass::service, 0}}) {
    const auto struck = struck_by(Kill{.target = each.target});
    ASSERT_EQ(struck.size(), 1U) << each.target;
    EXPECT_EQ(struck[0].fault_class, each.fault_class) << each.target;
    EXPECT_EQ(struck[0].servers_struck, each.servers) << each.target;
  }
}

TEST(FaultFacts, WhatAFaultDoesToThePromiseStandsWithItsKind) {
  struct Case {
    std::string kind;
    std::string target;
    FaultClass fault_class;
  };
  for (const Case& each :
       {Case{"purge", "ORDERS", FaultClass::removal}, Case{"delete_stream", "ORDERS", FaultClass::removal},
        Case{"full", "ORDERS", FaultClass::service}, Case{"restart_with", "nats-1", FaultClass::process_kill},
        Case{"reload", "nats-1", FaultClass::process_freeze},
        Case{"restart_loop", "nats-1", FaultClass::process_kill},
        Case{"restart_loop", "orders", FaultClass::service}}) {
    const auto struck = struck_by(OnTarget{.kind = each.kind, .target = each.target});
    ASSERT_EQ(struck.size(), 1U) << each.kind;
    EXPECT_EQ(struck[0].fault_class, each.fault_class) << each.kind << " of " << each.target;
  }
}

TEST(FaultFacts, OnlyWhatWasDownIsBack) {
  EXPECT_EQ(victim_of(Kill{.target = "nats-1"}), report::Victim::server);
  EXPECT_EQ(victim_of(Kill{.target = "orders"}), report::Victim::process);
  EXPECT_EQ(victim_of(OnTarget{.kind = "reload", .target = "nats-1"}), report::Victim::server);
  EXPECT_EQ(victim_of(OnTarget{.kind = "purge", .target = "ORDERS"}), report::Victim::link);
  EXPECT_EQ(victim_of(OnTarget{.kind = "exec", .target = "pause-db"}), report::Victim::link);
}

}  // namespace
}  // namespace squall::run

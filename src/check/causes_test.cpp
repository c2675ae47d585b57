// Tests the tester: lies about where inputs are, what came through, and in which order. Each flips exactly
// the verdicts it must. lies_test.cpp has those about effects alone.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "check/availability.h"
#include "check/corrupted.h"
#include "check/dedupe.h"
#include "check/duplicates.h"
#include "check/durability.h"
#include "check/honest_run.h"
#include "check/late.h"
#include "check/lost.h"
#include "check/order.h"
#include "check/redelivery.h"
#include "check/soundness.h"
#include "check/unexpected.h"

namespace squall::check {
namespace {

using namespace testing;
using ledger::Exhausted;
using ledger::FaultClass;
using ledger::FaultStruck;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<Verdict> judge(const ledger::Ledger& ledger) {
  return {check_soundness(ledger),  check_lost(ledger),
          check_duplicates(ledger), check_unexpected(ledger),
          check_corrupted(ledger),  check_late(ledger, {1.0, milliseconds(100)}),
          check_order(ledger),      check_dedupe(ledger),
          check_redelivery(ledger), check_availability(ledger, seconds(1)),
          check_durability(ledger)};
}

template <typename Kind>
Kind& nth(Records& records, std::size_t n) {
  for (Record& record : records) {
    auto* found = std::get_if<Kind>(&record);
    if (found != nullptr && n-- == 0) return *found;
  }
  throw std::out_of_range("no such record");
}

FaultStruck fault(FaultClass fault_class, int ms, std::uint32_t servers = 1) {
  return {1, fault_class, "nats-1", servers, at_ms(ms)};
}

struct Lie {
  const char* name;
  std::function<void(HonestRun&)> tell;
  std::set<std::string> fails;
  std::set<std::string> inconclusive;
  std::vector<Count> counts;
};

const Lie kLies[] = {
    {"no lie", [](HonestRun&) {}, {}, {}, {{"compared", 240}, {"finished", 60}, {"after_confirm", 0}}},
    {"still stored and acked, without effect",
     [](HonestRun& r) { r.drop_effects(30); },
     {"lost", "late"},
     {},
     {{"by_service", 1}, {"by_service.middle", 1}, {"in_nats", 0}}},
    {"acknowledged and not stored",
     [](HonestRun& r) { r.lose_in_nats(0); },
     {"lost", "late", "durability"},
     {},
     {{"in_nats", 1}, {"in_nats.prefix", 1}, {"violations", 1}}},
    {"delivered, and gone from a stream that keeps what is acked",
     [](HonestRun& r) {
       r.drop_effects(30);
       r.drop_stored(30);
       std::erase_if(r.inputs, [](const Record& record) {
         const auto* confirmed = std::get_if<Confirmed>(&record);
         return confirmed != nullptr && confirmed->key == key_of(30);
       });
     },
     {"lost", "late", "durability"},
     {},
     {{"in_nats", 1}, {"violations", 1}, {"by_service", 0}}},
    {"taken over by a confirmed ack, and gone",
     [](HonestRun& r) {
       r.drop_effects(30);
       r.drop_stored(30);
     },
     {"lost", "late"},
     {},
     {{"in_nats", 0}, {"by_service", 1}}},
    {"purged by a fault",
     [](HonestRun& r) {
       FaultStruck purge = fault(FaultClass::removal, 320);
       purge.target = r.scan_began.name;
       r.circumstances.push_back(purge);
       r.lose_in_nats(30);
       r.lose_in_nats(40);  // acknowledged after it: a promise made anew
     },
     {"lost", "late", "durability"},
     {},
     {{"in_nats", 2}, {"violations", 1}, {"permitted", 1}, {"by_service", 0}}},
    {"gone from a work queue, and acked",
     [](HonestRun& r) {
       r.scan_began.retention = ledger::Retention::work_queue;
       r.scan.clear();
       r.drop_effects(30);
       for (OpId id = 0; id < kInputs; ++id) r.drop_delivery(id);  // no link saw any
     },
     {"lost", "late"},
     {},
     {{"by_service", 1}, {"in_nats", 0}}},
    {"gone from a work queue, and not delivered though links saw all the others",
     [](HonestRun& r) {
       r.scan_began.retention = ledger::Retention::work_queue;
       r.scan.clear();
       r.drop_effects(30);
       r.drop_delivery(30);
     },
     {"lost", "late", "durability"},
     {},
     {{"by_service", 0}, {"in_nats", 1}, {"violations", 1}}},
    {"removed by a limit before it was delivered",
     [](HonestRun& r) {
       for (OpId id = 0; id < 10; ++id) r.drop_stored(id);
       r.scan_ended.first_seq = 11;
       r.drop_effects(7);
       r.drop_delivery(7);
     },
     {"lost", "late"},
     {},
     {{"by_service", 0}, {"in_nats", 1}, {"permitted", 1}, {"violations", 0}}},
    {"gone from a work queue, and never delivered",
     [](HonestRun& r) {
       r.scan_began.retention = ledger::Retention::work_queue;
       r.scan.clear();
       r.consumer.delivered_seq = kInputs - 1;
       r.lose_in_nats(kInputs - 1);
     },
     {"lost", "late", "durability"},
     {},
     {{"in_nats", 1}, {"in_nats.tail", 1}}},
    {"deliveries exhausted",
     [](HonestRun& r) {
       r.drop_effects(30);
       r.late_records.push_back(Exhausted{0, "worker", 31, at_ms(2'200)});
     },
     {"lost", "late"},
     {},
     {{"stranded", 1}, {"by_service", 0}}},
    {"never delivered yet",
     [](HonestRun& r) {
       r.drop_effects(kInputs - 1);
       r.drop_delivery(kInputs - 1);
       r.consumer.delivered_seq = kInputs - 1;
       r.consumer.num_pending = 1;
     },
     {"lost", "late"},
     {},
     {{"pending", 1}, {"pending.tail", 1}}},
    {"an incomplete scan",
     [](HonestRun& r) {
       r.scan_ended.incomplete_because = "time-out";
       r.lose_in_nats(30);
     },
     {"lost", "late"},
     {"ledger", "dedupe"},
     {{"undetermined", 1}, {"in_nats", 0}}},
    {"flip a payload bit in an effect",
     [](HonestRun& r) { *nth<Effect>(r.inputs, 9).checksum ^= 1; },
     {"corrupted"},
     {},
     {{"corrupted", 1}}},
    {"flip a payload bit in the stream",
     [](HonestRun& r) { *std::get<Stored>(r.scan[9]).checksum ^= 1; },
     {"corrupted"},
     {},
     {{"corrupted", 1}}},
    {"nothing to compare",
     [](HonestRun& r) {
       for (Record& record : r.inputs) {
         if (auto* attempt = std::get_if<Attempt>(&record)) attempt->checksum.reset();
       }
     },
     {},
     {"corrupted"},
     {}},
    {"swap the effects of two inputs of a producer",
     [](HonestRun& r) { std::swap(nth<Effect>(r.inputs, 61).key, nth<Effect>(r.inputs, 63).key); },
     {"order", "corrupted"},
     {},
     {{"inverted", 1}, {"inverted.producer", 1}, {"inverted.key", 0}}},
    {"swap the effects of two inputs of a key",
     [](HonestRun& r) { std::swap(nth<Effect>(r.inputs, 61).key, nth<Effect>(r.inputs, 67).key); },
     {"order", "corrupted"},
     {},
     {{"inverted", 1}, {"inverted.producer", 1}, {"inverted.key", 1}}},
    {"store one twice",
     [](HonestRun& r) { r.scan.push_back(Stored{key_of(7), 0, 1'000, at_ms(2'060)}); },
     {"dedupe"},
     {},
     {{"stored_twice", 1}, {"permitted", 0}}},
    {"find one twice in the same place",
     [](HonestRun& r) { r.scan.push_back(r.scan[7]); },
     {},
     {},
     {{"stored_twice", 0}}},
    {"deliver a confirmed one again",
     [](HonestRun& r) { r.inputs.push_back(Delivery{key_of(7), 8, 1, at_ms(900)}); },
     {"redelivery"},
     {},
     {{"after_confirm", 1}, {"violations", 1}, {"redelivered", 1}}},
    {"deliver one again that was confirmed just before the server was killed",
     [](HonestRun& r) {
       r.circumstances.push_back(fault(FaultClass::process_kill, 300));
       r.inputs.push_back(Delivery{key_of(28), 29, 1, at_ms(900)});
     },
     {},
     {},
     {{"after_confirm", 1}, {"violations", 0}}},
    {"deliver one again that was under way when its ack was confirmed",
     [](HonestRun& r) { r.inputs.push_back(Delivery{key_of(7), 8, 1, at_ms(7 * 10 + 5 + 400)}); },
     {},
     {},
     {{"after_confirm", 1}, {"permitted", 1}, {"violations", 0}}},
    {"deliver one again that a frozen server held when its ack was confirmed",
     [](HonestRun& r) {
       r.circumstances.push_back(fault(FaultClass::process_freeze, 60));
       r.circumstances.push_back(ledger::FaultHealed{.number = 1, .at = at_ms(700)});
       r.inputs.push_back(Delivery{key_of(7), 8, 1, at_ms(900)});
     },
     {},
     {},
     {{"after_confirm", 1}, {"violations", 0}}},
    {"deliver one again long after the frozen server that may have held it went on",
     [](HonestRun& r) {
       r.circumstances.push_back(fault(FaultClass::process_freeze, 60));
       r.circumstances.push_back(ledger::FaultHealed{.number = 1, .at = at_ms(200)});
       r.inputs.push_back(Delivery{key_of(7), 8, 1, at_ms(900)});
     },
     {"redelivery"},
     {},
     {{"after_confirm", 1}, {"violations", 1}}},
    {"one effect too late",
     [](HonestRun& r) {
       Effect late = nth<Effect>(r.inputs, 2 * kInputs - 1);
       erase_effects(r.inputs, [&](const Effect& effect) { return effect == late; });
       late.at = at_ms(2'050);
       r.late_records.push_back(late);
     },
     {"late"},
     {},
     {{"late", 1}}},
    {"an outage that lasts",
     [](HonestRun& r) {
       r.inputs.push_back(Attempt{.id = kInputs, .key = key_of(kInputs), .at = at_ms(700)});
       r.inputs.push_back(Outcome{kInputs, Failed{"no responders"}, at_ms(701)});
     },
     {"availability"},
     {},
     {{"outages.js_async", 1}, {"failed.js_async", 1}}},
    {"the server's clock jumps back",
     [](HonestRun& r) {
       for (Record& record : r.inputs) {
         auto* effect = std::get_if<Effect>(&record);
         if (effect != nullptr && effect->stream_seq > 30) effect->at -= seconds(3);
       }
     },
     {},
     {"ledger", "late"},
     {}},
    {"a sequence that belongs to two inputs",
     [](HonestRun& r) { nth<Effect>(r.inputs, 13).stream_seq = 1; },
     {},
     {"ledger", "lost", "duplicates", "unexpected", "corrupted", "late", "order", "dedupe", "redelivery",
      "availability", "durability"},
     {}},
};

TEST(Causes, EachLieFlipsExactlyItsVerdicts) {
  for (const Lie& lie : kLies) {
    SCOPED_TRACE(lie.name);
    HonestRun run = honest_run();
    lie.tell(run);
    std::set<std::string> failed;
    std::set<std::string> inconclusive;
    const std::vector<Verdict> verdicts = judge(run.fold_all());
    for (const Verdict& verdict : verdicts) {
      if (verdict.kind == VerdictKind::fail) failed.insert(verdict.checker);
      if (verdict.kind == VerdictKind::inconclusive) inconclusive.insert(verdict.checker);
      EXPECT_EQ(verdict.reasons.empty(), verdict.kind == VerdictKind::pass) << verdict.checker;
    }
    EXPECT_EQ(failed, lie.fails);
    EXPECT_EQ(inconclusive, lie.inconclusive);
    for (const Count& count : lie.counts) {
      bool stated = false;
      for (const Verdict& verdict : verdicts)
        stated = stated || std::ranges::count(verdict.counts, count) > 0;
      EXPECT_TRUE(stated) << count.name << " is not " << count.value;
    }
  }
}

TEST(Order, WhatRedeliveryReordersBetweenFaultAndCaughtUpIsPermitted) {
  HonestRun run = honest_run();
  std::swap(nth<Effect>(run.inputs, 61).key, nth<Effect>(run.inputs, 63).key);
  const ledger::Ledger ledger = run.fold_all();
  const Verdict inside = check_order(ledger, {.disturbances = {{at_ms(250), at_ms(400)}}});
  EXPECT_EQ(inside.kind, VerdictKind::pass);
  EXPECT_EQ(inside.count("permitted"), 1U);
  EXPECT_EQ(check_order(ledger, {.disturbances = {{at_ms(400), std::nullopt}}}).kind, VerdictKind::fail);
  EXPECT_EQ(check_order(ledger, {.per_producer = false}).kind, VerdictKind::pass);
}

// An input that timed out was learned of after everything behind it had been accepted, and nothing came after
// that: it once was an outage that never ended.
TEST(Availability, ATimeOutThatIsLearnedOfLateEndsWithTheNextAcceptedInput) {
  ledger::Ledger ledger({{"usage"}, "p-", {}});
  for (OpId id = 0; id < 3; ++id) {
    ledger.add(Attempt{.id = id, .key = key_of(id), .at = at_ms(static_cast<int>(10 * id))});
    if (id != 1) ledger.add(Outcome{id, Acknowledged{id + 1}, at_ms(static_cast<int>(10 * id + 1))});
  }
  ledger.add(Outcome{1, Unknown{"time-out"}, at_ms(2'010)});
  const Verdict available = check_availability(ledger, milliseconds(100));
  EXPECT_EQ(available.kind, VerdictKind::pass);
  EXPECT_EQ(available.count("outages.js_async"), 1U);
  EXPECT_EQ(available.count("longest_us.js_async"), 11'000U);
  EXPECT_EQ(check_availability(ledger, milliseconds(10)).kind, VerdictKind::fail);
}

TEST(Promises, DecideWhichDeviationIsAllowed) {
  HonestRun losing = honest_run();
  losing.drop_effects(30);
  const ledger::Ledger lost = losing.fold_all();
  EXPECT_EQ(check_lost(lost, Promise::at_most_once).kind, VerdictKind::pass);
  EXPECT_EQ(check_lost(lost, Promise::at_most_once).count("lost"), 1U);
  EXPECT_EQ(check_lost(lost, Promise::at_least_once).kind, VerdictKind::fail);
  HonestRun doubling = honest_run();
  doubling.inputs.push_back(Effect{kUsage, key_of(3), 999, at_ms(800)});
  const ledger::Ledger doubled = doubling.fold_all();
  EXPECT_EQ(check_duplicates(doubled, Promise::at_least_once).kind, VerdictKind::pass);
  EXPECT_EQ(check_duplicates(doubled, Promise::at_most_once).kind, VerdictKind::fail);
}

TEST(Promises, AFanOutIsNeitherADuplicateNorComplete) {
  ledger::Ledger ledger({{"row"}, "p-", {}, {3}});
  ledger.add(Attempt{.id = 0, .key = "p-0", .at = at_ms(0)});
  ledger.add(Outcome{0, Acknowledged{1}, at_ms(1)});
  ledger.add(Attempt{.id = 1, .key = "p-1", .at = at_ms(1), .filtered = true});
  ledger.add(Outcome{1, Acknowledged{2}, at_ms(2)});
  for (std::uint64_t seq = 1; seq <= 2; ++seq) ledger.add(Effect{0, "p-0", seq, at_ms(3)});
  EXPECT_EQ(check_lost(ledger).count("lost"), 1U);
  ledger.add(Effect{0, "p-0", 3, at_ms(4)});
  EXPECT_EQ(check_lost(ledger).kind, VerdictKind::pass);
  EXPECT_EQ(check_duplicates(ledger).kind, VerdictKind::pass);
  ledger.add(Effect{0, "p-0", 4, at_ms(5)});
  ledger.add(Effect{0, "p-1", 5, at_ms(5)});
  EXPECT_EQ(check_duplicates(ledger).count("duplicated"), 2U);
}

TEST(Durability, NamesTheSettingThatWouldForbidAPermittedLoss) {
  struct Case {
    Contract contract;
    FaultStruck struck;
    std::string setting;  // empty: a violation
  };
  const Case cases[] = {
      {{.replicas = 1, .server_version = "2.9.10"}, fault(FaultClass::process_kill, 5), ""},
      {{.replicas = 1, .persist_async = true}, fault(FaultClass::process_kill, 5), "persist_mode: default"},
      {{.replicas = 1, .memory_storage = true}, fault(FaultClass::process_kill, 5), "storage: file"},
      {{.replicas = 3, .memory_storage = true}, fault(FaultClass::process_kill, 5), ""},
      {{.replicas = 1, .server_version = "2.10.20"},
       fault(FaultClass::power_loss, 5),
       "sync_interval: always"},
      {{.replicas = 1, .server_version = "2.9.10"},
       fault(FaultClass::power_loss, 5),
       "nats-server 2.10 or newer with sync_interval: always"},
      {{.replicas = 1, .sync_always = true, .server_version = "2.10.20"},
       fault(FaultClass::power_loss, 5),
       ""},
      {{.replicas = 1, .sync_interval = milliseconds(1)}, fault(FaultClass::power_loss, 5), ""},
      {{.replicas = 3}, fault(FaultClass::power_loss, 5), ""},
      {{.replicas = 1}, fault(FaultClass::network, 5), ""},
      {{.replicas = 1}, fault(FaultClass::power_loss, 0), ""},  // acknowledged after it
  };
  for (const Case& one : cases) {
    HonestRun run = honest_run();
    run.lose_in_nats(0);
    run.circumstances = {one.contract, one.struck};
    const ledger::Ledger ledger = run.fold_all();
    const Ruling ruling = rule_on_loss(ledger, 0);
    EXPECT_EQ(ruling.violation, one.setting.empty()) << one.setting;
    EXPECT_EQ(ruling.setting, one.setting);
    EXPECT_EQ(check_durability(ledger).kind, one.setting.empty() ? VerdictKind::fail : VerdictKind::pass);
  }
}

}  // namespace
}  // namespace squall::check

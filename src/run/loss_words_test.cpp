// Whose doing it was: told from when it happened, and from what else is known of the inputs.
#include "run/loss_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "check/durability.h"
#include "check/honest_ledger.h"
#include "check/lost.h"

namespace squall::run {
namespace {

using namespace check::testing;
using ledger::Delivery;
using ledger::Stored;
using testing::HasSubstr;

// An input every 10 ms, done 6 ms later; `missing` of them are stored, acked and without an effect.
ledger::Ledger without_effects_of(const std::vector<OpId>& missing) {
  ledger::Ledger ledger({{"confirmed"}, "p-", {}});
  for (OpId id = 0; id < 1'000; ++id) {
    const auto t = static_cast<std::int64_t>(id * 10);
    ledger.add(ledger::Record(Attempt{id, key_of(id), at_ms(t)}));
    ledger.add(ledger::Record(Outcome{id, Acknowledged{id + 1}, at_ms(t + 1)}));
    if (std::ranges::find(missing, id) != missing.end()) continue;
    ledger.add(ledger::Record(Effect{0, key_of(id), id + 1, at_ms(t + 6)}));
  }
  const auto fact = [&](ledger::Circumstance what) { ledger.add(ledger::Record(std::move(what))); };
  fact(ledger::ScanBegan{.stream = 0, .name = "ORDERS", .at = at_ms(11'000)});
  for (const OpId id : missing) ledger.add(ledger::Record(Stored{key_of(id), 0, id + 1, at_ms(11'001)}));
  fact(ledger::ScanEnded{.stream = 0, .first_seq = 1, .last_seq = 1'000, .at = at_ms(11'002)});
  fact(ledger::ConsumerState{
      .stream = 0, .name = "worker", .ack_floor = 1'000, .delivered_seq = 1'000, .at = at_ms(11'003)});
  return ledger;
}

experiment::Experiment orders() {
  experiment::Experiment experiment;
  experiment.processes.push_back({.name = "orders"});
  experiment.workload.effects.push_back({.name = "confirmed", .subject = "orders.confirmed"});
  return experiment;
}

// One kill at 5 s, of which everything was done 100 ms later.
const std::vector<check::Disturbance> kKill{{.from = at_ms(5'000), .until = at_ms(5'100)}};

std::string cause_of(const ledger::Ledger& ledger, const std::vector<check::Disturbance>& faults = kKill) {
  const auto experiment = orders();
  const auto lost = check::check_lost(ledger);
  const auto durability = check::check_durability(ledger);
  std::string causes;
  for (const report::Note& note : explain_losses({lost, durability, ledger, experiment, "", faults})) {
    if (note.label == "cause") causes += note.text;
  }
  return causes;
}

TEST(LossWords, WhatAKillTookFromAServiceThatAcksFirstIsCalledSo) {
  EXPECT_EQ(cause_of(without_effects_of({499})),
            "orders acked these before their effect was stored: ack after the PubAck of orders.confirmed");
}

TEST(LossWords, WhatIsDroppedFarFromAnyFaultMayBeByDesign) {
  EXPECT_EQ(cause_of(without_effects_of({50, 100, 150})),
            "orders acked these and stored no effect, with no fault near: does it drop such inputs by design "
            "(workload.without_effect)?");
  const std::string both = cause_of(without_effects_of({50, 499}));
  EXPECT_THAT(both, HasSubstr("ack after the PubAck of orders.confirmed; 1 of them with no fault near"));
}

// Its losses near faults are no sign of acking first.
TEST(LossWords, WhatFallsOnEveryNthInputIsCalledSoWhateverTheFaultsDid) {
  std::vector<OpId> every;
  for (OpId id = 9; id < 1'000; id += 10) every.push_back(id);
  const check::Disturbance always{.from = at_ms(0), .until = at_ms(11'000)};
  EXPECT_EQ(
      cause_of(without_effects_of(every), {always}),
      "orders acked these and stored no effect; they are one in every 10 inputs, faults or none: does it "
      "drop such inputs by design (workload.without_effect)?");
  // One of them at each fault, in a row, or in a part of the run: that is what faults do.
  const std::vector<check::Disturbance> faults(50, always);
  EXPECT_THAT(cause_of(without_effects_of(every), faults), HasSubstr("ack after the PubAck"));
  EXPECT_THAT(cause_of(without_effects_of({500, 501, 502, 503, 504, 505}), {always}), HasSubstr("ack after"));
  EXPECT_THAT(cause_of(without_effects_of({500, 502, 504, 506, 508, 510}), {always}), HasSubstr("ack after"));
}

TEST(LossWords, EffectsWithAnIdentityThatNobodySentAreNamedBesideTheLosses) {
  ledger::Ledger ledger = without_effects_of({499});
  ledger.add(ledger::Record(Effect{0, "another", 2'000, at_ms(5'000)}));
  EXPECT_THAT(cause_of(ledger), HasSubstr("; 1 effect came with an identity that nobody sent"));
}

TEST(LossWords, WhatWasRepliedToWithoutAnEffectIsTheServices) {
  ledger::Ledger ledger({{"confirmed"}, "p-", {}});
  ledger.add(ledger::Record(
      ledger::Circumstance(ledger::Source{.index = 1, .kind = ledger::OperationKind::request})));
  for (OpId id = 0; id < 1'000; ++id) {
    const auto t = static_cast<std::int64_t>(id * 10);
    ledger.add(ledger::Record(Attempt{.id = id, .key = key_of(id), .at = at_ms(t), .source = 1}));
    ledger.add(ledger::Record(Outcome{id, Acknowledged{}, at_ms(t + 1)}));
    if (id != 499) ledger.add(ledger::Record(Effect{0, key_of(id), id + 1, at_ms(t + 6)}));
  }
  EXPECT_EQ(
      cause_of(ledger),
      "orders replied to these before their effect was stored: reply after the PubAck of orders.confirmed");
}

// An input's delivery, as a link saw it.
void deliver(ledger::Ledger& ledger, OpId id, int times = 1) {
  for (int time = 1; time <= times; ++time) {
    ledger.add(ledger::Record(Delivery{.key = key_of(id),
                                       .stream_seq = id + 1,
                                       .delivery_count = static_cast<std::uint32_t>(time),
                                       .at = at_ms(static_cast<std::int64_t>(id * 10) + 3)}));
  }
}

TEST(LossWords, WhatLinksNeverSawDeliveredWasNotAckedByAnybody) {
  ledger::Ledger ledger = without_effects_of({499, 700});
  for (OpId id = 0; id < 1'000; ++id) {
    if (id != 700) deliver(ledger, id);
  }
  const std::string both = cause_of(ledger);
  EXPECT_THAT(both, HasSubstr("orders does not get such inputs: its filter or its deliver policy"));
  EXPECT_THAT(both, HasSubstr("orders acked these before their effect was stored"));
  // Where links did not see all, they say nothing of what they did not see.
  ledger::Ledger half = without_effects_of({499, 700});
  for (OpId id = 0; id < 500; ++id) deliver(half, id);
  EXPECT_EQ(cause_of(half).find("does not get such inputs"), std::string::npos);
}

std::string cause_of_doubled(const std::vector<OpId>& doubled, base::Nanos later, bool stored_again = false,
                             bool message_id = true) {
  ledger::Ledger ledger = without_effects_of({});
  std::uint64_t seq = 5'000;
  for (const OpId id : doubled) {
    const base::Instant at = at_ms(static_cast<std::int64_t>(id * 10)) + later;
    ledger.add(ledger::Record(Effect{0, key_of(id), ++seq, at}));
    if (!stored_again) continue;
    for (const std::uint64_t place : {id + 1, seq})
      ledger.add(ledger::Record(Stored{key_of(id), 0, place, at_ms(11'001)}));
  }
  auto experiment = orders();
  experiment.workload.message_id = message_id;
  return explain_duplicates(experiment, ledger, kKill);
}

TEST(LossWords, DoubledEffectsAreExplainedByWhatIsKnownOfTheirInputs) {
  EXPECT_THAT(cause_of_doubled({499}, std::chrono::milliseconds(100)), HasSubstr("a Nats-Msg-Id made of"));
  EXPECT_THAT(cause_of_doubled({50, 60}, std::chrono::milliseconds(7)),
              HasSubstr("with no fault near: is that by design (effect.per_input)?"));
  EXPECT_THAT(cause_of_doubled({499}, std::chrono::milliseconds(100), true, false),
              HasSubstr("the load sent them again, and without Nats-Msg-Id"));
}

TEST(LossWords, DoubledEffectsAreToldByHowOftenTheirInputWasDelivered) {
  const auto cause = [](int deliveries) {
    ledger::Ledger ledger = without_effects_of({});
    for (OpId id = 0; id < 1'000; ++id) deliver(ledger, id, id == 499 ? deliveries : 1);
    // Thirty seconds later, as with the usual ack_wait: far from the fault.
    ledger.add(ledger::Record(Effect{0, key_of(499), 5'001, at_ms(34'990)}));
    return explain_duplicates(orders(), ledger, kKill);
  };
  EXPECT_THAT(cause(2), HasSubstr("for an input that was delivered again: give each orders.confirmed a"));
  EXPECT_THAT(cause(1),
              HasSubstr("more than one effect for a single delivery, 1 times of 1: is that by design"));
}

}  // namespace
}  // namespace squall::run

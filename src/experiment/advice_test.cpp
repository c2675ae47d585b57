#include "experiment/advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "experiment/parse.h"

namespace squall::experiment {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Parsed parse(const std::string& nats, const std::string& faults, const std::string& expect) {
  Parsed parsed = parse_experiment("squall: 1\nname: x\nnats: {" + nats +
                                       "}\nprocesses: {orders: {command: [./svc]}}\n"
                                       "workload: {publish: orders.in, payload: {text: '${id}'}, effect: "
                                       "{subject: done, match: {header: Id}}}\n"
                                       "faults: [" +
                                       faults + "]\nexpect: {" + expect + "}\n",
                                   "x.yaml", {});
  EXPECT_EQ(to_text(parsed.mistakes), "");
  return parsed;
}

std::string advice_of(const std::string& nats, const std::string& faults, const std::string& expect,
                      const std::vector<KnownClient>& clients = {}) {
  const Parsed parsed = parse(nats, faults, expect);
  Known known = known_from(parsed.experiment);
  known.clients = clients;
  return to_text(advise(parsed.experiment, known), parsed.places, "x.yaml");
}

std::string made(const std::string& consumer, const std::string& start = "1") {
  return "start: " + start +
         ", streams: {IN: {subjects: [orders.>]}, OUT: {subjects: [done]}}, consumers: {IN/w: {" + consumer +
         "}}";
}

TEST(Advice, AckWaitIsTheFloorOfCaughtUpAfterAKillOfTheService) {
  EXPECT_THAT(
      advice_of(made("ack_wait: 30s"), "{kill: orders}", "caught_up: {p95: 5s}"),
      HasSubstr(
          "x.yaml:7:21: expect.caught_up: warning: 5s cannot be reached: what a dead process held waits "
          "for the ack_wait of IN/w, 30s, before anybody gets it again. 5s needs less than 5s, or expect "
          "35s"));
  EXPECT_EQ(advice_of(made("ack_wait: 2s"), "{kill: orders}", "caught_up: {p95: 5s}"), "");
  EXPECT_THAT(advice_of(made("ack_wait: 30s"), "{kill: nats-1}", "caught_up: {p95: 5s}"),
              Not(HasSubstr("ack_wait")))
      << "no process is struck";
  EXPECT_EQ(advice_of(made("ack_wait: 30s"), "{kill: orders}", "first_output: 1s"), "")
      << "it is not asked for";
}

TEST(Advice, BackoffOverridesAckWait) {
  const Parsed parsed = parse(made("ack_wait: 30s"), "{kill: orders}", "caught_up: 5s");
  Known known = known_from(parsed.experiment);
  known.consumers[0].backoff = {1s, 10s};
  EXPECT_THAT(advise(parsed.experiment, known), IsEmpty());
  EXPECT_EQ(floor_of_caught_up(known), 1s);
}

TEST(Advice, AClientThatGivesUpBeforeTheServerIsBackNeverComesBack) {
  const KnownClient client{.name = "orders", .reconnect_wait = 2s, .max_reconnects = 5};
  EXPECT_THAT(
      advice_of(made(""), "{kill: nats-1, for: 20s}", "lost: any", {client}),
      HasSubstr("orders gives up after 5 attempts every 2s, 10s in all, and a server is away for 20s"));
  EXPECT_THAT(advice_of(made(""), "{kill: nats-1, for: 5s}", "lost: any", {client}),
              Not(HasSubstr("gives up")));
  const KnownClient for_ever{.name = "orders", .reconnect_wait = 2s, .max_reconnects = -1};
  EXPECT_THAT(advice_of(made(""), "{kill: nats-1, for: 20s}", "lost: any", {for_ever}),
              Not(HasSubstr("gives up")));
}

TEST(Advice, TheReconnectWaitAddsToTheOutage) {
  const KnownClient client{.name = "orders", .reconnect_wait = 2s, .max_reconnects = -1};
  EXPECT_THAT(
      advice_of(made(""), "{kill: nats-1, for: [0s, 4s]}", "first_output: 5s", {client}),
      HasSubstr("5s cannot be reached: a server is away for 4s, and orders tries again every 2s: up to 6s"));
  EXPECT_THAT(advice_of(made(""), "{kill: nats-1, for: [0s, 4s]}", "first_output: 7s", {client}),
              Not(HasSubstr("cannot be reached")));
}

TEST(Advice, AnOutageLongerThanTheDuplicateWindowLetsRepeatsThrough) {
  const std::string nats =
      "start: 1, streams: {IN: {subjects: [orders.>]}, OUT: {subjects: [done], duplicate_window: 10s}}, "
      "consumers: "
      "{IN/w: {ack_wait: 5s}}";
  EXPECT_THAT(
      advice_of(nats, "{freeze: nats-1, for: 8s}", "lost: any"),
      HasSubstr(
          "OUT refuses a repeated message id for 10s, and a repeat can come 13s after the first (8s away + "
          "5s ack_wait)"));
  EXPECT_EQ(advice_of(nats, "{freeze: nats-1, for: 8s}", "lost: any, duplicates: any"), "");
  EXPECT_EQ(advice_of(nats, "{freeze: nats-1, for: 4s}", "lost: any"), "");
}

TEST(Advice, MaxDeliverWithoutDeadLettersStrandsMessages) {
  EXPECT_THAT(advice_of(made("max_deliver: 5, ack_wait: 300ms"), "{kill: orders}", ""),
              HasSubstr("IN/w gives a message up after 5 deliveries, about 1.5s"));
  EXPECT_EQ(advice_of(made("max_deliver: -1"), "{kill: orders}", ""), "");
}

TEST(Advice, OneReplicaAndTheDefaultSyncAreSaidToBeUntestedByAKill) {
  EXPECT_THAT(advice_of(made(""), "{kill: nats-1}", ""),
              HasSubstr("IN has 1 replica and is flushed to the disk every 2 minutes (1 before 2.10)"));
  EXPECT_EQ(advice_of(made("", "{sync_interval: always}"), "{kill: nats-1}", ""), "");
  EXPECT_EQ(advice_of(made(""), "{freeze: nats-1, for: 1s}", ""), "");
}

TEST(Advice, AP99NeedsMoreTrials) {
  EXPECT_THAT(advice_of(made(""), "{kill: orders}", "first_output: {p99: 1s}"),
              HasSubstr("10 trials cannot show a p99"));
}

}  // namespace
}  // namespace squall::experiment

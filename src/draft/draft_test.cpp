#include "draft/draft.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "experiment/parse.h"
#include "experiment/variables.h"

namespace squall::draft {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Draft complete() {
  Draft draft{.process = "orders",
              .command = {"node", "svc.mjs"},
              .input = "orders.created",
              .output = "orders.confirmed",
              .stream = "ORDERS",
              .consumer = "worker",
              .sample = R"({"order_id":"A-1"})",
              .match = Match{.input = "/order_id", .effect = "/of"},
              .ack_wait = 5s};
  draft.nats.how = experiment::StartedNats{};
  draft.nats.streams = {{.name = "ORDERS", .subjects = {"orders.created"}},
                        {.name = "CONFIRMED", .subjects = {"orders.confirmed", "orders.confirmed.>"}}};
  draft.nats.consumers = {{.stream = "ORDERS", .name = "worker", .filter = {}, .ack_wait = 5s}};
  return draft;
}

experiment::AttachedNats staging() {
  experiment::AttachedNats nats;
  nats.urls = {"nats://127.0.0.1:4222"};
  nats.creds = "/keys/our own.creds";
  nats.tls.ca = "/keys/ca.pem";
  nats.shared = true;
  return nats;
}

experiment::Parsed parsed(const Draft& draft) {
  return experiment::parse_experiment(to_yaml(draft), "orders-kill.yaml", {});
}

TEST(Draft, ACompleteOneIsAValidExperimentThatKillsServiceAndBroker) {
  const auto read = parsed(complete());
  ASSERT_EQ(experiment::to_text(read.mistakes), "");
  const experiment::Experiment& experiment = read.experiment;
  EXPECT_EQ(experiment.name, "orders-kill");
  EXPECT_THAT(experiment.processes.at(0).started()->command, ElementsAre("node", "svc.mjs"));
  EXPECT_EQ(experiment.nats.streams.size(), 2U);
  EXPECT_EQ(experiment.nats.consumers.at(0).ack_wait, 5s);
  EXPECT_EQ(experiment.workload.payload.text, R"({"order_id":"A-1"})");
  EXPECT_EQ(experiment.workload.effects.at(0).match.name, "/of");
  ASSERT_EQ(experiment.faults.size(), 3U);
  EXPECT_TRUE(std::holds_alternative<fault::AtMoment>(experiment.faults[0].when));
  EXPECT_EQ(fault::target_of(experiment.faults[0].action), "orders");
  EXPECT_TRUE(std::holds_alternative<fault::AtMoment>(experiment.faults[1].when))
      << "who acks first is found";
  EXPECT_EQ(fault::target_of(experiment.faults[1].action), "orders");
  EXPECT_EQ(fault::target_of(experiment.faults[2].action), "nats-1");
  EXPECT_EQ(fault::active_time(experiment.faults[2].action), 3s);
  EXPECT_EQ(experiment.expect.caught_up.p95, 21s)
      << "ack_wait twice, the outage, 3 s between the faults, and 5 s";
  EXPECT_EQ(experiment.trials.recover_within, 31s) << "a lost message costs each trial so much";
}

TEST(Draft, AServiceThatAnswersMoreThanOnceIsExpectedTo) {
  Draft draft = complete();
  draft.per_input = 2;
  const auto read = parsed(draft);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.experiment.workload.effects.back().per_input, 2);
  EXPECT_EQ(to_yaml(complete()).find("per_input"), std::string::npos);
}

TEST(Draft, IsShort) { EXPECT_LE(std::ranges::count(to_yaml(complete()), '\n'), 40); }

TEST(Draft, AttachedItMakesNothingAndStrikesNoServer) {
  Draft draft = complete();
  draft.nats = {};
  draft.nats.how = staging();
  const auto read = parsed(draft);
  ASSERT_EQ(experiment::to_text(read.mistakes), "");
  ASSERT_NE(read.experiment.nats.attached(), nullptr);
  EXPECT_EQ(*read.experiment.nats.attached(), [] {
    auto nats = staging();
    nats.tls.required = true;
    return nats;
  }());
  EXPECT_TRUE(read.experiment.nats.streams.empty());
  ASSERT_EQ(read.experiment.faults.size(), 3U);
  EXPECT_EQ(fault::kind_of(read.experiment.faults[2].action), "black_hole") << "the way to the broker";
  EXPECT_EQ(read.experiment.expect.caught_up.p95, 21s);
  // Over TLS nothing is in between.
  draft.through_link = false;
  const auto direct = parsed(draft);
  ASSERT_EQ(experiment::to_text(direct.mistakes), "");
  EXPECT_EQ(direct.experiment.faults.size(), 1U);
  EXPECT_EQ(direct.experiment.expect.caught_up.p95, 10s);
  EXPECT_EQ(direct.experiment.expect.hit.kind, experiment::HitBound::Kind::kSome);
}

TEST(Draft, AServerThatIsNotOnThisMachineMustBeConfirmedByHand) {
  Draft draft = complete();
  draft.nats = {};
  draft.nats.how = staging();
  draft.hosts_to_confirm = {"nats.example.com"};
  const auto read = parsed(draft);
  EXPECT_THAT(experiment::to_text(read.mistakes), HasSubstr("orders-kill.yaml:4:"));
  EXPECT_THAT(experiment::to_text(read.mistakes), HasSubstr("allow.hosts"));
}

TEST(Draft, WhatWasNotFoundIsRefusedWithItsPlace) {
  Draft draft = complete();
  draft.sample.clear();
  draft.match.reset();
  draft.consumer.clear();
  draft.candidates = {"ORDERS/a", "ORDERS/b"};
  const std::string mistakes = experiment::to_text(parsed(draft).mistakes);
  EXPECT_THAT(mistakes, HasSubstr("workload.payload.text: is still to be filled in"));
  EXPECT_THAT(mistakes, HasSubstr("workload.effect.match.json: is still to be filled in"));
  EXPECT_THAT(mistakes, HasSubstr("which of these is the service's - ORDERS/a ORDERS/b"));
  EXPECT_EQ(std::ranges::count(mistakes, '\n'), 3) << mistakes;
  draft.candidates.clear();
  EXPECT_THAT(experiment::to_text(parsed(draft).mistakes),
              HasSubstr("processes.orders.ready: is still to be filled in: TODO how one sees that it works"));
  draft.consumer = "worker";
  draft.sample = R"({"a":1})";
  EXPECT_THAT(experiment::to_text(parsed(draft).mistakes), HasSubstr("workload.payload.set"));
}

TEST(Draft, EveryWordOfTheCommandAndTheSampleSurvivesTheFile) {
  Draft draft = complete();
  const std::vector<std::string> command{"sh", "-c", "echo 'a: {b}' # ${HOME} \"x\"", "--n=1", "true", "ü"};
  draft.command = command;
  draft.sample = R"({"order_id":"it's ${id} {x}: #1","n":1.50})";
  const auto read = parsed(draft);
  ASSERT_EQ(experiment::to_text(read.mistakes), "");
  std::vector<std::string> words;
  for (const std::string& word : read.experiment.processes.at(0).started()->command) {
    words.push_back(*experiment::fill_in(word, [](const std::string&) { return std::nullopt; }));
  }
  EXPECT_EQ(words, command);
  EXPECT_EQ(read.experiment.workload.payload.text, R"({"order_id":"it's $${id} {x}: #1","n":1.50})");
}

TEST(Draft, NamesComeFromSubjects) {
  EXPECT_EQ(process_name_for("orders.created"), "orders");
  EXPECT_EQ(process_name_for("$x.y"), "x");
  EXPECT_EQ(process_name_for("-.-"), "service");
  EXPECT_EQ(stream_name_for("orders.created-v2"), "ORDERS_CREATED_V2");
  EXPECT_EQ(stream_name_for("..."), "STREAM");
}

}  // namespace
}  // namespace squall::draft

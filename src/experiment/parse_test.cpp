#include "experiment/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "experiment/example_experiment.h"

namespace squall::experiment {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Files = std::map<std::string, std::string>;

Parsed parse(const std::string& text, const Files& files = {}, const Files& environment = {}) {
  const Sources sources{.environment = [environment](const std::string& name) -> std::optional<std::string> {
                          const auto at = environment.find(name);
                          return at == environment.end() ? std::nullopt : std::optional(at->second);
                        },
                        .read_file = [files](const std::string& path) -> base::Result<std::string> {
                          const auto at = files.find(path);
                          if (at == files.end()) return base::fail("cannot read {}: No such file", path);
                          return at->second;
                        }};
  return parse_experiment(text, "chaos/orders.yaml", sources);
}

// A whole file in a few lines, with one part to try out.
std::string with(const std::string& part) {
  return "squall: 1\nname: x\nnats: {start: 1}\n"
         "processes: {orders: {command: [./svc]}, side: {pid_file: /run/side.pid}}\n"
         "workload: {publish: in, payload: {text: '${id}'}, effect: {subject: out, match: {header: Id}}}\n"
         "expect: {lost: 0}\n" +
         part;
}

std::string mistakes_of(const std::string& part) { return to_text(parse(with(part)).mistakes); }

const Files kSamples{{"chaos/samples/orders.jsonl", "{\"order_id\": 1}\n{\"order_id\": \"b\", \"x\": 2}\n"}};

TEST(Parse, TheExampleOfTheDocumentsIsReadAsItStands) {
  const Parsed parsed = parse(kExample, kSamples);
  ASSERT_EQ(to_text(parsed.mistakes), "");
  const Experiment& experiment = parsed.experiment;
  ASSERT_NE(experiment.nats.attached(), nullptr);
  EXPECT_EQ(experiment.nats.attached()->context, "staging");
  EXPECT_TRUE(experiment.nats.attached()->shared);
  ASSERT_EQ(experiment.processes.size(), 1U);
  const StartedProcess& orders = *experiment.processes[0].started();
  EXPECT_THAT(orders.command, ElementsAre("node", "svc.mjs"));
  EXPECT_THAT(orders.env, ElementsAre(std::pair<std::string, std::string>("NATS_URL", "${nats.link}")));
  EXPECT_EQ(orders.ready, Question(ConsumerPulls{"ORDERS", "worker"}));
  EXPECT_EQ(experiment.workload.per_second, 200);
  EXPECT_EQ(experiment.workload.payload.file, "chaos/samples/orders.jsonl");
  ASSERT_EQ(experiment.workload.effects.size(), 1U);
  EXPECT_EQ(experiment.workload.effects[0].name, "confirmed");
  ASSERT_EQ(experiment.faults.size(), 1U);
  EXPECT_EQ(experiment.faults[0].name, "kill-orders");
  const auto* moment = std::get_if<fault::AtMoment>(&experiment.faults[0].when);
  ASSERT_NE(moment, nullptr);
  EXPECT_EQ(moment->moment, fault::Moment::kBeforeAck);
  EXPECT_EQ(moment->link, "orders") << "the link of the target";
  EXPECT_EQ(std::get<fault::Kill>(experiment.faults[0].action),
            (fault::Kill{.target = "orders", .scope = fault::Scope::kTree, .down_time = 0s}));
  EXPECT_EQ(experiment.trials.count, 10);
  EXPECT_EQ(experiment.expect.caught_up.p95, 5s);
  EXPECT_EQ(experiment.expect.first_output.max, 1s);
  EXPECT_EQ(experiment.expect.hit.kind, HitBound::Kind::kAll);
}

TEST(Parse, EveryMistakeOfAFileIsNamedAtOnceWithItsPlace) {
  const Parsed parsed = parse(
      "squall: 1\n"
      "name: two words\n"
      "nats: {start: 1}\n"
      "workload:\n"
      "  publish: in\n"
      "  raet: 5/s\n"
      "  payload: {text: \"${id}\"}\n"
      "  effect: {subject: out, match: {header: Id}}\n"
      "expect: {caught_up: fast}\n");
  EXPECT_EQ(to_text(parsed.mistakes),
            "chaos/orders.yaml:2:7: name: expected a name of letters, digits, - and _, not \"two words\"\n"
            "chaos/orders.yaml:6:3: workload.raet: no such field (did you mean rate?)\n"
            "chaos/orders.yaml:9:21: expect.caught_up: expected a duration such as 250ms, 2s or 1m, not "
            "\"fast\"\n");
}

TEST(Parse, UnitsAreReadAsTheyAreUsuallyWritten) {
  const Parsed parsed =
      parse(with("trials: {count: 3, baseline: 1.5s, recover_within: 2min}\n"
                 "links: {slow: {to: nats-1}}\nseed: 42\n"));
  ASSERT_EQ(to_text(parsed.mistakes), "");
  EXPECT_EQ(parsed.experiment.trials.baseline, 1500ms);
  EXPECT_EQ(parsed.experiment.trials.recover_within, 2min);
  EXPECT_EQ(parsed.experiment.seed, 42U);
}

TEST(Parse, TheTlsOfALinkHasASideForClientsAndOneForTheServer) {
  const Files files{{"chaos/link.pem", ""}, {"chaos/link.key", ""}, {"chaos/ca.pem", ""}};
  const Parsed parsed = parse(with("links:\n"
                                   "  both:\n"
                                   "    to: nats\n"
                                   "    tls:\n"
                                   "      client: {certificate: link.pem, key: link.key, first: true}\n"
                                   "      server: {ca: ca.pem, server_name: nats.example}\n"
                                   "  own: {tls: {client: {}}}\n"
                                   "  plain: {}\n"),
                              files);
  ASSERT_EQ(to_text(parsed.mistakes), "");
  ASSERT_EQ(parsed.experiment.links.size(), 3U);
  const LinkTls& both = parsed.experiment.links[0].tls;
  EXPECT_EQ(both.client->certificate, "chaos/link.pem");
  EXPECT_EQ(both.client->key, "chaos/link.key");
  EXPECT_TRUE(both.client->first);
  EXPECT_EQ(both.server->ca, "chaos/ca.pem");
  EXPECT_EQ(both.server->server_name, "nats.example");
  EXPECT_FALSE(both.server->first);
  EXPECT_TRUE(parsed.experiment.links[1].tls.client.has_value());
  EXPECT_FALSE(parsed.experiment.links[1].tls.server.has_value());
  EXPECT_FALSE(parsed.experiment.links[2].tls.any());
}

TEST(Parse, VariablesComeFromTheFileAndTheEnvironment) {
  const Parsed parsed = parse(with("vars: {time: '${env.TIME:-3s}', tenant: '${env.TENANT}'}\n"
                                   "faults: [{kill: orders, when: '${vars.time}'}]\n"
                                   "purpose: for ${vars.tenant}, $${not} a variable\n"),
                              {}, {{"TENANT", "acme"}});
  ASSERT_EQ(to_text(parsed.mistakes), "");
  EXPECT_EQ(std::get<fault::AtTime>(parsed.experiment.faults[0].when).at, 3s);
  EXPECT_EQ(parsed.experiment.purpose, "for acme, ${not} a variable");
  EXPECT_THAT(parsed.experiment.from_environment,
              ElementsAre(std::pair<std::string, std::string>("TENANT", "acme")));
}

TEST(Parse, AVariableThatIsNotKnownIsAMistakeWithTheNearestName) {
  EXPECT_THAT(mistakes_of("vars: {time: 3s}\nfaults: [{kill: orders, when: '${vars.tiem}'}]\n"),
              HasSubstr("no such variable here: ${vars.tiem} (did you mean vars.time?)"));
  EXPECT_THAT(mistakes_of("purpose: '${env.NOT_SET}'\n"), HasSubstr("the environment has no NOT_SET"));
  EXPECT_THAT(mistakes_of("purpose: '${id}'\n"), HasSubstr("no such variable here: ${id}"));
}

TEST(Parse, AValueFromTheEnvironmentIsNeverReadAsAVariable) {
  const Parsed parsed =
      parse(with("links: {l: {}}\nprobes: {p: {exec: ['${env.ODD}']}}\n"), {}, {{"ODD", "${nats.url}"}});
  ASSERT_EQ(to_text(parsed.mistakes), "");
  const auto command = std::get<CommandSucceeds>(parsed.experiment.probes[0].question).command;
  EXPECT_EQ(fill_in(command[0], [](const std::string&) { return "no"; }), "${nats.url}");
}

TEST(Parse, SecretsAreNamedByTheirPlaceAndALiteralIsNotRepeated) {
  const std::string head =
      "squall: 1\nname: x\nworkload: {publish: in, payload: {text: '${id}'}, effect: {subject: "
      "out, match: {header: Id}}}\nexpect: {}\n";
  const Parsed good = parse(head + "nats: {url: 'nats://localhost:4222', user: u, password: '${env.PW}'}\n",
                            {}, {{"PW", "hunter2"}});
  ASSERT_EQ(to_text(good.mistakes), "");
  EXPECT_EQ(good.experiment.nats.attached()->password.environment, "PW");
  EXPECT_THAT(good.experiment.from_environment, IsEmpty()) << "the secret itself was never read";
  const std::string bad =
      to_text(parse(head + "nats: {url: 'nats://localhost:4222', user: u, password: hunter2}\n").mistakes);
  EXPECT_THAT(bad, HasSubstr("nats.password: expected a secret's place"));
  EXPECT_THAT(bad, Not(HasSubstr("hunter2")));
}

TEST(Parse, WhatIsStillToBeFilledInIsRefusedAtItsPlace) {
  EXPECT_THAT(mistakes_of("purpose: TODO say what it is for\n"),
              HasSubstr(":7:10: purpose: is still to be filled in: TODO say what it is for"));
}

TEST(Parse, IncludedFilesFillInWhatTheFileLeavesOut) {
  const Files files{
      {"chaos/base.yaml",
       "include: sub/more.yaml\nseed: 5\ntrials: {count: 3}\nprocesses: {extra: {command: [a]}}\n"},
      {"chaos/sub/more.yaml", "trials: {hold: 2s}\nseed: 6\n"}};
  const Parsed parsed = parse(with("include: base.yaml\ntrials: {baseline: 2s}\n"), files);
  ASSERT_EQ(to_text(parsed.mistakes), "");
  EXPECT_EQ(parsed.experiment.seed, 5U);
  EXPECT_EQ(parsed.experiment.trials.count, 3);
  EXPECT_EQ(parsed.experiment.trials.baseline, 2s);
  EXPECT_EQ(parsed.experiment.trials.hold, 2s);
  EXPECT_NE(parsed.experiment.find_process("extra"), nullptr);
  EXPECT_NE(parsed.experiment.find_process("orders"), nullptr);
}

TEST(Parse, AMistakeInAnIncludedFileHasThatFilesPlace) {
  const Parsed parsed = parse(with("include: base.yaml\n"), {{"chaos/base.yaml", "# one\ntrials: many\n"}});
  EXPECT_THAT(to_text(parsed.mistakes), HasSubstr("chaos/base.yaml:2:9: trials: expected a whole number"));
}

TEST(Parse, IncludesThatGoRoundInCirclesAreRefused) {
  const Files files{{"chaos/a.yaml", "include: b.yaml\n"}, {"chaos/b.yaml", "include: [a.yaml]\n"}};
  EXPECT_THAT(to_text(parse(with("include: a.yaml\n"), files).mistakes),
              HasSubstr("chaos/a.yaml includes itself"));
  EXPECT_THAT(to_text(parse(with("include: ./orders.yaml\n"), files).mistakes), HasSubstr("includes itself"));
  EXPECT_THAT(to_text(parse(with("include: none.yaml\n"), files).mistakes), HasSubstr("No such file"));
}

TEST(Parse, FaultsOfOneKindAndTargetGetNamesOfTheirOwn) {
  const Parsed parsed =
      parse(with("faults:\n- kill: orders\n- kill: orders\n  when: {after: kill-orders, wait: 1s}\n"));
  ASSERT_EQ(to_text(parsed.mistakes), "");
  EXPECT_EQ(parsed.experiment.faults[1].name, "kill-orders-2");
}

TEST(Parse, TargetsMustExist) {
  EXPECT_THAT(mistakes_of("faults: [{kill: ordres}]\n"),
              HasSubstr("no such process or server: ordres (did you mean orders?)"));
  EXPECT_THAT(mistakes_of("faults: [{freeze: nats-2, for: 1s}]\n"),
              HasSubstr("no such process or server: nats-2"));
  EXPECT_THAT(mistakes_of("faults: [{kill: side, when: before_ack}]\n"),
              HasSubstr("side is attached, so it has no link of its own"));
  EXPECT_THAT(mistakes_of("faults: [{kill: side, for: 2s}]\n"), HasSubstr("somebody else restarts side"));
  EXPECT_THAT(mistakes_of("faults: [{kill: orders, strike: 2}]\n"),
              HasSubstr("strike 2 of orders, of which there are 1"));
}

TEST(Parse, FaultsThatWaitForEachOtherAreRefused) {
  EXPECT_THAT(mistakes_of("faults:\n- {kill: orders, name: a, when: {after: b}}\n"
                          "- {kill: side, name: b, when: {after: a}}\n"),
              HasSubstr("when: a waits for itself"));
}

TEST(Parse, ServersThatAreNotOnThisMachineMustBeAllowed) {
  const std::string head =
      "squall: 1\nname: x\nworkload: {publish: in, payload: {text: '${id}'}, effect: {subject: out, match: "
      "{header: Id}}}\nexpect: {}\nnats: {url: 'nats://staging.example:4222'}\n";
  EXPECT_THAT(to_text(parse(head).mistakes), HasSubstr("staging.example is not on this machine"));
  EXPECT_EQ(to_text(parse(head + "allow: {hosts: [staging.example]}\n").mistakes), "");
}

TEST(Parse, SamplesAreLookedAt) {
  const auto problem = [](const std::string& samples) {
    return to_text(parse(kExample, {{"chaos/samples/orders.jsonl", samples}}).mistakes);
  };
  EXPECT_THAT(problem("{\"order_id\": 1}\nnot json\n"),
              HasSubstr(":15:19: workload.payload.file: line 2 is no JSON"));
  EXPECT_THAT(problem("[]\n7\n"), HasSubstr("line 2: /order_id has no place in it"));
  EXPECT_THAT(problem(""), HasSubstr("the file is empty"));
  EXPECT_THAT(to_text(parse(kExample).mistakes), HasSubstr("No such file"));
}

// The bounds that the promise leaves open, as far as the file says nothing of them itself.
TEST(Promise, SaysWhichOfLossesAndDuplicatesAreJudged) {
  const auto expect = [](const std::string& written) {
    const Parsed parsed = parse(
        std::string(with("")).replace(with("").find("expect: {lost: 0}"), 17, "expect: {" + written + "}"));
    EXPECT_TRUE(parsed.ok()) << to_text(parsed.mistakes);
    return parsed.experiment.expect;
  };
  const LossBound none{0, 0, 0, 0};
  const LossBound not_judged{{}, {}, {}, {}};
  EXPECT_EQ(expect("effects: exactly_once").lost, none);
  EXPECT_EQ(expect("effects: exactly_once").duplicates, 0);
  EXPECT_EQ(expect("effects: at_least_once").lost, none);
  EXPECT_EQ(expect("effects: at_least_once").duplicates, std::nullopt);
  EXPECT_EQ(expect("effects: at_least_once, duplicates: 3").duplicates, 3);
  EXPECT_EQ(expect("effects: at_most_once").lost, not_judged);
  EXPECT_EQ(expect("effects: at_most_once").duplicates, 0);
}

}  // namespace
}  // namespace squall::experiment

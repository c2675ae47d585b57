// The example workers, honest and in each of their wrong forms, judged by whole runs: the right verdict, with
// the right cause named, on streams of each retention. Where their languages or registries are not there, the
// tests are skipped and say so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "experiment/parse.h"
#include "run/experiment_run.h"
#include "run/judgement.h"
#include "workload/command_effects.h"

namespace squall::run {
namespace {

using check::VerdictKind;
using testing::AllOf;
using testing::HasSubstr;

struct Judged {
  std::string worker;     // "node-worker"
  std::string wrong;      // "ack-first"; empty: honest
  std::string retention;  // of the input stream
  bool always = true;     // else only with SQUALL_ALL_EXAMPLES: the whole matrix takes minutes
};

// What a form needs to show itself, and what is then said.
struct Form {
  std::string fault;
  std::string failing;  // the assertion that fails; empty: none
  std::string cause;    // within the verdict's text
};

const std::map<std::string, Form>& forms() {
  // Frozen for longer than ack_wait, a worker does what it held a second time: once by itself, once by redelivery.
  static const std::string kFreeze = "{freeze: orders, for: 1500ms, when: 200ms}";
  static const std::string kKills = "{kill: orders, when: 200ms, every: 400ms, repeat: 6}";
  static const std::string kBroker = "{kill: nats-1, when: 200ms, for: 300ms}";
  static const std::map<std::string, Form> all{
      {"", {kFreeze, "", ""}},
      {"ack-first", {kKills, "lost", "orders acked these before their effect was stored"}},
      {"no-idempotency", {kFreeze, "duplicates", "give each orders.confirmed a Nats-Msg-Id"}},
      {"silent-after-reconnect", {kBroker, "lost", "nobody pulls from it"}},
      {"gives-up", {kBroker, "lost", "nobody pulls from it"}},
      {"reorders", {kFreeze, "order", "behind those of later inputs"}},
      {"corrupts", {kFreeze, "corrupted", "values came through changed"}},
  };
  return all;
}

base::Result<std::string> command_of(const std::string& worker) {
  static std::map<std::string, base::Result<std::string>> known;
  if (const auto found = known.find(worker); found != known.end()) return found->second;
  const workload::CommandEffects setup{.command = {EXAMPLES_SETUP, worker}, .deadline = std::chrono::seconds(100)};
  const auto printed = workload::run_effect_command(setup, -1);
  base::Result<std::string> words = printed ? base::Result<std::string>("") : std::unexpected(printed.error());
  if (printed) {
    std::istringstream text(*printed);
    for (std::string word; text >> word;) *words += "'" + word + "', ";
  }
  return known.emplace(worker, std::move(words)).first->second;
}

std::string experiment_text(const std::string& command, const Judged& judged) {
  return fmt::format(R"yaml(squall: 1
name: {1}
nats:
  start: 1
  streams:
    ORDERS: {{subjects: [orders.created], retention: {2}}}
    CONFIRMED: {{subjects: [orders.confirmed]}}
  consumers:
    ORDERS/worker: {{ack_wait: 1s}}
processes:
  orders:
    command: [{0}'--work-ms=4'{3}]
    ready: {{log: 'worker: ready'}}
workload:
  publish: orders.created
  rate: 60/s
  payload: {{text: '{{"order_id": "", "amount": 7}}', set: {{/order_id: '${{id}}'}}}}
  effect: {{subject: orders.confirmed, match: {{json: /order_id}}, carries: /amount}}
faults:
  - {4}
trials: {{count: 1, control: 600ms, baseline: 600ms, recover_within: {5}, drain_within: {5}}}
expect: {{lost: 0, duplicates: 0, order: total, hit: any}}
)yaml",
                     command, judged.wrong.empty() ? "honest" : judged.wrong, judged.retention,
                     judged.wrong.empty() ? "" : ", '--wrong=" + judged.wrong + "'",
                     forms().at(judged.wrong).fault, judged.wrong.empty() ? "20s" : "6s");
}

class VerdictTest : public ::testing::TestWithParam<Judged> {};

TEST_P(VerdictTest, NamesWhatTheWorkerDoes) {
  const Judged& judged = GetParam();
  if (!judged.always && std::getenv("SQUALL_ALL_EXAMPLES") == nullptr) {
    GTEST_SKIP() << "only with SQUALL_ALL_EXAMPLES=1: the whole matrix takes minutes";
  }
  const auto command = command_of(judged.worker);
  if (!command) GTEST_SKIP() << command.error().message();
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / fmt::format("verdicts-{}", getpid());
  std::filesystem::create_directories(folder);
  const std::string file = folder / "experiment.yaml";
  std::ofstream(file) << experiment_text(*command, judged);
  const experiment::Parsed parsed = experiment::load_experiment(file);
  ASSERT_TRUE(parsed.ok()) << experiment::to_text(parsed.mistakes);
  const experiment::Planned planned = experiment::plan_experiment(parsed.experiment);
  ASSERT_TRUE(planned.ok());
  const auto ran = run_experiment(parsed.experiment, planned.plan, {.artifacts = folder / "_artifacts"});
  ASSERT_TRUE(ran) << ran.error().message();
  const report::CaseReport& report = ran->report.cases.front();
  const std::string text = verdict_text(ran->report);
  const Form& form = forms().at(judged.wrong);
  EXPECT_EQ(report.verdict, form.failing.empty() ? VerdictKind::pass : VerdictKind::fail) << text;
  for (const report::Assertion& assertion : report.assertions) {
    if (assertion.text == form.failing) {
      EXPECT_FALSE(assertion.ok) << text;
    } else if (assertion.group == report::Group::messages && assertion.text != "drained") {
      EXPECT_TRUE(assertion.ok) << assertion.text << "\n" << text;
    }
  }
  EXPECT_THAT(text, HasSubstr(form.cause));
  std::filesystem::remove_all(folder);
}

std::vector<Judged> matrix() {
  // Each form once, each retention and language more than once; the others on demand.
  const std::vector<Judged> always{{"node-worker", "", "workqueue"},
                                   {"node-worker", "ack-first", "limits"},
                                   {"python-worker", "ack-first", "workqueue"},
                                   {"node-worker", "no-idempotency", "interest"},
                                   {"python-worker", "silent-after-reconnect", "limits"},
                                   {"node-worker", "gives-up", "workqueue"},
                                   {"python-worker", "reorders", "interest"},
                                   {"node-worker", "corrupts", "limits"}};
  std::vector<Judged> all = always;
  for (const char* worker : {"node-worker", "python-worker"}) {
    for (const auto& [wrong, form] : forms()) {
      for (const char* retention : {"limits", "interest", "workqueue"}) {
        const bool there = std::any_of(always.begin(), always.end(), [&](const Judged& one) {
          return one.worker == worker && one.wrong == wrong && one.retention == retention;
        });
        if (!there) all.push_back({worker, wrong, retention, false});
      }
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Workers, VerdictTest, ::testing::ValuesIn(matrix()), [](const auto& instance) {
  const Judged& judged = instance.param;
  std::string name =
      judged.worker + "_" + (judged.wrong.empty() ? "honest" : judged.wrong) + "_" + judged.retention;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace squall::run

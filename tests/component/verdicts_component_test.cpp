// The example workers, honest and in each of their wrong forms, judged by whole runs: the right verdict, with
// the right cause named, on streams of each retention. Where their languages or registries are not there, the
// tests are skipped and say so.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "workload/command_effects.h"

namespace squall {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

struct Judged {
  std::string worker;                    // "node-worker"
  std::string wrong;                     // "ack-first"; empty: honest
  std::string retention;                 // of the input stream
  bool always = true;                    // else only with SQUALL_ALL_EXAMPLES: the whole matrix takes minutes
  std::string effects = "exactly_once";  // what is expected of the worker
};

// Whether that form keeps even the promise it is judged by.
bool is_permitted(const Judged& judged) {
  return (judged.wrong == "ack-first" && judged.effects == "at_most_once") ||
         (judged.wrong == "no-idempotency" && judged.effects == "at_least_once");
}

// What a form needs to show itself, and what is then said.
struct Form {
  std::string fault;
  std::string failing;  // the assertion that fails; empty: none
  std::string cause;    // within the verdict's text
};

const std::map<std::string, Form>& forms() {
  // Frozen for longer than ack_wait, a worker does what it held a second time: once by itself, once by
  // redelivery.
  static const std::string kFreeze = "{freeze: orders, for: 1500ms, when: 200ms}";
  static const std::string kAfterAck = "{kill: orders, when: after_ack}";
  static const std::string kBeforeAck = "{kill: orders, when: before_ack}";
  static const std::string kBroker = "{kill: nats-1, when: 200ms, for: 300ms}";
  static const std::map<std::string, Form> all{
      {"", {kFreeze, "", ""}},
      {"ack-first", {kAfterAck, "lost", "orders acked these before their effect was stored"}},
      {"no-idempotency", {kBeforeAck, "duplicates", "give each orders.confirmed a Nats-Msg-Id"}},
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
  const workload::CommandEffects setup{.command = {EXAMPLES_SETUP, worker},
                                       .deadline = std::chrono::seconds(100)};
  const auto printed = workload::run_effect_command(setup, -1);
  base::Result<std::string> words =
      printed ? base::Result<std::string>("") : std::unexpected(printed.error());
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
expect: {{effects: {6}, order: total, hit: any}}
)yaml",
                     command, judged.wrong.empty() ? "honest" : judged.wrong, judged.retention,
                     judged.wrong.empty() ? "" : ", '--wrong=" + judged.wrong + "'",
                     forms().at(judged.wrong).fault,
                     judged.wrong.empty() || is_permitted(judged) ? "20s" : "6s", judged.effects);
}

struct Ran {
  int exit_code = -1;
  std::string text;
};

// Runs mostly wait (for redelivery, for the end of a bound), and each has servers and links of its own: some
// go side by side, started ahead of the tests that ask for them, in their order.
class Runs {
 public:
  ~Runs() {
    for (auto& [name, output] : running_) pclose(output);
    std::filesystem::remove_all(root_);
  }
  void plan(std::string name, std::string experiment) {
    planned_.emplace_back(std::move(name), std::move(experiment));
  }
  bool has(const std::string& name) const {
    return running_.contains(name) ||
           std::ranges::any_of(planned_, [&name](const auto& one) { return one.first == name; });
  }
  Ran wait_for(const std::string& name) {
    while (!running_.contains(name)) start_next();
    while (running_.size() < kSideBySide && !planned_.empty()) start_next();
    Ran ran;
    const int status = pclose(running_.at(name));
    running_.erase(name);
    if (WIFEXITED(status)) ran.exit_code = WEXITSTATUS(status);
    std::ifstream output(root_ / name / "output");
    ran.text.assign(std::istreambuf_iterator<char>(output), {});
    return ran;
  }

 private:
  static constexpr std::size_t kSideBySide = 3;

  // Each in a folder of its own, where it leaves its evidence, and as a program of its own: a run starts
  // itself again as its watchdog.
  void start_next() {
    const auto [name, experiment] = std::move(planned_.front());
    planned_.erase(planned_.begin());
    std::filesystem::create_directories(root_ / name);
    std::ofstream(root_ / name / "experiment.yaml") << experiment;
    const std::string command = fmt::format("cd '{}' && exec '{}' run experiment.yaml >output 2>&1",
                                            (root_ / name).string(), SQUALL_BINARY);
    FILE* output = popen(command.c_str(), "r");
    if (output == nullptr) throw std::runtime_error("cannot start " + command);
    running_.emplace(name, output);
  }

  std::filesystem::path root_ =
      std::filesystem::path(testing::TempDir()) / fmt::format("verdicts-{}", getpid());
  std::vector<std::pair<std::string, std::string>> planned_;
  std::map<std::string, FILE*> running_;
};

std::string name_of(const Judged& judged) {
  std::string name =
      judged.worker + "_" + (judged.wrong.empty() ? "honest" : judged.wrong) + "_" + judged.retention;
  if (judged.effects != Judged{}.effects) name += "_judged_" + judged.effects;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::vector<Judged> matrix() {
  // Each form once, each retention and language more than once; the others on demand.
  const std::vector<Judged> always{{"node-worker", "", "workqueue"},
                                   {"node-worker", "ack-first", "limits"},
                                   {"python-worker", "ack-first", "workqueue"},
                                   {"node-worker", "ack-first", "interest", true, "at_most_once"},
                                   {"python-worker", "no-idempotency", "limits", true, "at_least_once"},
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
          return one.worker == worker && one.wrong == wrong && one.retention == retention &&
                 one.effects == Judged{}.effects;
        });
        if (!there) all.push_back({worker, wrong, retention, false});
      }
    }
  }
  return all;
}

class VerdictTest : public ::testing::TestWithParam<Judged> {
 protected:
  static void SetUpTestSuite() {
    runs_ = std::make_unique<Runs>();
    const testing::TestSuite& suite = *testing::UnitTest::GetInstance()->current_test_suite();
    for (const Judged& judged : matrix()) {
      if (!asked_for(suite, judged)) continue;
      if (const auto command = command_of(judged.worker)) {
        runs_->plan(name_of(judged), experiment_text(*command, judged));
      }
    }
  }
  static void TearDownTestSuite() { runs_.reset(); }

  static bool left_out(const Judged& judged) {
    return !judged.always && std::getenv("SQUALL_ALL_EXAMPLES") == nullptr;
  }
  static std::unique_ptr<Runs> runs_;

 private:
  static bool asked_for(const testing::TestSuite& suite, const Judged& judged) {
    if (left_out(judged)) return false;
    for (int i = 0; i < suite.total_test_count(); ++i) {
      const testing::TestInfo& test = *suite.GetTestInfo(i);
      if (test.should_run() && std::string_view(test.name()).ends_with("/" + name_of(judged))) return true;
    }
    return false;
  }
};
std::unique_ptr<Runs> VerdictTest::runs_;

TEST_P(VerdictTest, NamesWhatTheWorkerDoes) {
  const Judged& judged = GetParam();
  if (left_out(judged)) GTEST_SKIP() << "only with SQUALL_ALL_EXAMPLES=1: the whole matrix takes minutes";
  if (const auto command = command_of(judged.worker); !command) GTEST_SKIP() << command.error().message();
  ASSERT_TRUE(runs_->has(name_of(judged)));
  const Ran ran = runs_->wait_for(name_of(judged));
  const Form form = is_permitted(judged) ? Form{} : forms().at(judged.wrong);
  EXPECT_EQ(ran.exit_code, form.failing.empty() ? 0 : 1) << ran.text;
  for (const char* name : {"lost", "duplicates", "unexpected", "order", "corrupted"}) {
    const auto failed = ContainsRegex(fmt::format("\n  {} [^\n]* FAILED\n", name));
    if (name == form.failing) {
      EXPECT_THAT(ran.text, failed);
    } else {
      EXPECT_THAT(ran.text, Not(failed));
    }
  }
  EXPECT_THAT(ran.text, HasSubstr(form.cause));
}

INSTANTIATE_TEST_SUITE_P(Workers, VerdictTest, ::testing::ValuesIn(matrix()),
                         [](const auto& instance) { return name_of(instance.param); });

}  // namespace
}  // namespace squall

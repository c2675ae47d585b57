#include "tests/support/router_on_nats.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <utility>

#include "process/spawn.h"

namespace testing_support {

using namespace std::chrono_literals;
using nlohmann::json;
using router::nats::Publication;
using squall::base::parse_rfc3339;
using squall::base::WallInstant;

namespace {

constexpr auto kDrained = 40s;

// Quick to redeliver, so that tests need not wait.
constexpr const char* kYaml = R"(router: 1
nats: {{urls: ["{}"]}}
decide: {{ack_wait: 1s, pull_expires: 1s, nak_delays: [50ms, 100ms]}}
result: {{ack_wait: 1s, pull_expires: 1s, nak_delays: [50ms]}}
)";

}  // namespace

json request_body(const std::string& id) {
  return {{"version", "1"},
          {"request_id", id},
          {"tenant_id", "acme"},
          {"task", {{"type", "text"}, {"payload", id}}}};
}

std::string request_id(int number) { return "r-" + std::to_string(number); }

std::vector<Publication> requests(int count) {
  std::vector<Publication> all;
  for (int i = 0; i < count; ++i) {
    all.push_back({.subject = "router.v1.decide",
                   .payload = request_body(request_id(i)).dump(),
                   .message_id = request_id(i)});
  }
  return all;
}

WorkerProcess::WorkerProcess(const std::string& url, const Scratch& scratch,
                             const std::vector<std::string>& more) {
  std::vector<std::string> command{ROUTER_WORKER, "--nats-url", url,     "--work-time",         "5ms",
                                   "--ack-wait",  "1s",         "--log", scratch / "worker.log"};
  command.insert(command.end(), more.begin(), more.end());
  auto child = squall::process::spawn(
      {.command = command, .environment = {}, .working_directory = {}, .inherited_fds = {}});
  EXPECT_TRUE(child) << child.error().message();
  if (child) pid_ = child->pid;
}

WorkerProcess::~WorkerProcess() {
  if (pid_ == 0) return;
  signal(SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void WorkerProcess::signal(int number) const { kill(pid_, number); }

int WorkerProcess::wait_exit(Nanos within) {
  int status = 0;
  if (!eventually([&] { return waitpid(pid_, &status, WNOHANG) == pid_; }, within)) return 2000;
  pid_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

void RouterOnNats::start_router(const std::string& more_yaml, std::vector<std::string> arguments) {
  router_ = std::make_unique<RunningRouter>(
      ROUTER, scratch_,
      RouterOptions{.arguments = std::move(arguments),
                    .yaml = fmt::format(fmt::runtime(kYaml), broker_.url()) + more_yaml});
}

void RouterOnNats::start_everything() {
  start_router();
  worker_ = std::make_unique<WorkerProcess>(broker_.url(), scratch_);
  router_->wait_ready();
}

BlockingClient& RouterOnNats::client() {
  if (!client_) client_ = std::make_unique<BlockingClient>(broker_.url());
  return *client_;
}

void RouterOnNats::expect_one_effect_each(int count) {
  EXPECT_TRUE(eventually([&] { return client().stored("ROUTER_USAGE") >= static_cast<std::uint64_t>(count); },
                         kDrained))
      << client().stored("ROUTER_USAGE") << " usage events of " << count << "\n"
      << router_->log();
  for (const char* stream : {"ROUTER_ASSIGN", "ROUTER_USAGE"}) {
    const auto counts = client().count_by_request(stream);
    EXPECT_EQ(counts.size(), static_cast<std::size_t>(count)) << stream;
    for (int i = 0; i < count; ++i) {
      const auto found = counts.find(request_id(i));
      EXPECT_EQ(found == counts.end() ? 0 : found->second, 1) << stream << " " << request_id(i);
    }
  }
}

void RouterOnNats::expect_nothing_unfinished() {
  EXPECT_TRUE(eventually(
      [&] {
        const auto info = client().consumer("ROUTER_DECIDE", "router-decide");
        return info.is_object() && info.contains("num_pending") && info["num_pending"] == 0 &&
               info["num_ack_pending"] == 0;
      },
      kDrained));
}

std::optional<WallInstant> RouterOnNats::first_usage_stored_after(BlockingClient& watcher,
                                                                  WallInstant after) {
  std::optional<WallInstant> first;
  eventually([&] {
    const auto info = watcher.ask_json("$JS.API.STREAM.INFO.ROUTER_USAGE");
    if (!info.is_object() || !info.contains("state")) return false;
    if (parse_rfc3339(info["state"]["last_ts"].get<std::string>()) <= after) return false;
    for (std::uint64_t sequence = info["state"]["last_seq"]; sequence > 0; --sequence) {
      const auto stored = watcher.ask_json("$JS.API.STREAM.MSG.GET.ROUTER_USAGE", {{"seq", sequence}});
      if (!stored.is_object() || !stored.contains("message")) break;
      const auto at = parse_rfc3339(stored["message"]["time"].get<std::string>());
      if (!at || *at <= after) break;
      first = at;
    }
    return first.has_value();
  });
  return first;
}

}  // namespace testing_support

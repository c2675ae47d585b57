// `squall run` is killed with SIGKILL while a fault is in place, once for each kind of fault: of processes
// and servers, of limits, of a command of the user's, of JetStream's objects, of links. Nothing may be left
// of it within two seconds. (sigkill_component_test kills at 200 instants, with one kind.)
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <charconv>
#include <fstream>
#include <thread>

#include "fault/journal.h"
#include "process/child.h"
#include "process/run_members.h"
#include "process/spawn.h"
#include "support/temporary_folder.h"

namespace squall {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr base::Nanos kStarts = 20s;
constexpr base::Nanos kAllowed = 2s;

struct Case {
  std::string fault;             // as in the file, in flow style
  bool on_a_stranger = false;    // its target is a process that is not Squall's
  bool service_is_down = false;  // nobody dials the link then
};

std::string text_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

bool somebody_listens(std::uint16_t port) {
  const base::UniqueFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;  // NOLINT
}

// The port of the NATS_URL that the process was given; 0: none.
std::uint16_t dialled_port(pid_t pid) {
  const std::string environment = text_of(fmt::format("/proc/{}/environ", pid));
  const std::size_t at = environment.find("NATS_URL=nats://127.0.0.1:");
  std::uint16_t port = 0;
  if (at == environment.npos) return port;
  const char* digits = environment.data() + at + std::string_view("NATS_URL=nats://127.0.0.1:").size();
  std::from_chars(digits, environment.data() + environment.size(), port);
  return port;
}

std::uint64_t soft_limit(pid_t pid) {
  rlimit limit{};
  prlimit(pid, RLIMIT_NOFILE, nullptr, &limit);
  return limit.rlim_cur;
}

class KilledSquall : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    auto child = process::Child::start(
        io_, {.name = "stranger", .command = {"sh", "-c", "sleep 601 & wait"}, .run_id = "nobody's"});
    ASSERT_TRUE(child) << child.error().message();
    stranger_ = *std::move(child);
    while (stranger_->tree().members().size() != 2) std::this_thread::sleep_for(1ms);
    limit_ = soft_limit(stranger_->pid());
    std::ofstream(folder_ / "stranger.pid") << stranger_->pid() << "\n";
    std::ofstream(folder_ / "killed.yaml") << experiment(GetParam().fault);
  }

  static std::string experiment(const std::string& fault) {
    return R"(squall: 1
name: killed
nats:
  start: 1
  streams: {ORDERS: {subjects: [orders.created]}, CONFIRMED: {subjects: [orders.confirmed]}}
  consumers: {ORDERS/worker: {ack_wait: 500ms}}
processes:
  orders: {command: [')" PLAIN_WORKER R"('], ready: {consumer: ORDERS/worker}}
  stranger: {pid_file: stranger.pid, restart: nobody}
workload:
  publish: orders.created
  rate: 100/s
  payload: {text: '{"order_id":""}', set: {/order_id: "${id}"}}
  effect: {subject: orders.confirmed, match: {json: /order_id}}
faults: [)" +
           fault +
           R"(]
trials: {count: 1, baseline: 50ms, control: 100ms}
expect: {lost: 0, hit: any}
)";
  }

  fs::path run_folder() const { return folder_ / "_artifacts" / "latest"; }

  // Errors: what it was that did not come.
  base::Result<void> wait_until_struck(pid_t squall) const {
    const base::Instant deadline = base::now() + kStarts;
    while (text_of(run_folder() / "timeline.jsonl").find("\"kind\":\"effect\"") == std::string::npos) {
      const auto status = process::read_status(squall);
      if (!status || !status->alive()) return base::fail("squall ended: {}", text_of(folder_ / "said"));
      if (base::now() > deadline) return base::fail("no effect: {}", text_of(folder_ / "said"));
      std::this_thread::sleep_for(1ms);
    }
    return {};
  }

  // What is left of the killed run; empty: nothing.
  std::string left_of(const std::string& run_id, std::uint16_t port) const {
    for (const auto& member : process::run_members(run_id)) return member.describe() + " lives";
    if (stranger_->tree().members().size() != 2) return "the stranger's tree is not whole";
    for (const auto& member : stranger_->tree().members()) {
      const auto states = process::thread_states(member.identity.pid);
      if (std::ranges::find(states, 'T') != states.end()) return member.describe() + " is frozen";
      if (soft_limit(member.identity.pid) != limit_) return member.describe() + " has another limit";
    }
    if (fs::exists(folder_ / "injected")) return "the user's own fault is there";
    if (somebody_listens(port)) return fmt::format("somebody listens on {}", port);
    const auto journal = fault::read_journal(run_folder() / "undo.jsonl");
    if (!journal) return journal.error().message();
    for (const auto& entry : journal->unsettled()) return fault::describe(entry) + " is not settled";
    return "";
  }

  base::Result<process::Spawned> start_squall() const {
    const base::UniqueFd said(open((folder_ / "said").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    return process::spawn({.command = {SQUALL, "run", "killed.yaml"},
                           .environment = {},
                           .working_directory = folder_.path().string(),
                           .stdout_fd = said.get(),
                           .stderr_fd = said.get(),
                           .inherited_fds = {}});
  }

  testing::TemporaryFolder folder_;
  boost::asio::io_context io_;
  std::unique_ptr<process::Child> stranger_;
  std::uint64_t limit_ = 0;
};

TEST_P(KilledSquall, LeavesNothingBehind) {
  const auto squall = start_squall();
  ASSERT_TRUE(squall) << squall.error().message();
  const auto struck = wait_until_struck(squall->pid);
  EXPECT_TRUE(struck) << (struck ? "" : struck.error().message());
  const auto content = fault::read_journal(run_folder() / "undo.jsonl");
  const std::string run_id = content && content->run ? content->run->run_id : "";
  // A service that is being restarted is not there for a moment.
  std::uint16_t port = 0;
  for (const base::Instant until = base::now() + 2s; port == 0 && base::now() < until;) {
    for (const auto& member : process::run_members(run_id))
      port = std::max(port, dialled_port(member.identity.pid));
    if (GetParam().on_a_stranger || GetParam().service_is_down) break;
  }
  EXPECT_TRUE(GetParam().on_a_stranger || GetParam().service_is_down || port != 0)
      << "a link stands before the servers";
  if (GetParam().on_a_stranger) {
    ASSERT_TRUE(content) << content.error().message();
    EXPECT_FALSE(content->unsettled().empty()) << "there is something to undo";
  }

  const base::Instant killed_at = base::now();
  kill(squall->pid, SIGKILL);
  ASSERT_EQ(waitpid(squall->pid, nullptr, 0), squall->pid);
  ASSERT_NE(run_id, "");
  std::string left;
  do {
    left = left_of(run_id, port);
  } while (!left.empty() && base::now() < killed_at + kAllowed);
  EXPECT_EQ(left, "");
}

const Case kCases[] = {
    {"{freeze: stranger, for: 30s, when: 50ms}", true},
    {"{starve: stranger, share: 20%, for: 30s, when: 50ms}", true},
    {"{limit: stranger, resource: nofile, to: 16, for: 30s, when: 50ms}", true},
    {"{exec: mine, inject: [touch, injected], effect: [test, -e, injected], heal: [rm, -f, injected], for: "
     "30s, "
     "when: 50ms}",
     true},
    {"{kill: orders, for: 30s, when: before_ack}", false, true},
    {"{restart_loop: orders, times: 500, pause: 20ms, when: 50ms}"},
    {"{send_signal: orders, signal: WINCH, when: 50ms}, {latency: orders, delay: 5ms, for: 30s, when: 50ms}"},
    {"{kill: nats-1, for: 30s, when: 50ms}"},
    {"{freeze: nats-1, for: 30s, when: 50ms}"},
    {"{lame_duck: nats-1, for: 30s, when: 50ms}"},
    {"{reload: nats-1, configuration: 'max_payload: 1024', for: 30s, when: 50ms}"},
    {"{restart_with: nats-1, configuration: 'max_connections: 20', for: 30s, when: 50ms}"},
    {"{slow_start: nats-1, delay: 30s, when: 50ms}"},
    {"{full: CONFIRMED, for: 30s, when: 50ms}"},
    {"{delete_stream: ORDERS, for: 30s, when: 50ms}"},
    {"{purge: ORDERS, when: 50ms}, {freeze: nats-1, for: 30s, when: 100ms}"},
    {"{latency: orders, delay: 20ms, for: 30s, when: 50ms}"},
    {"{half_open: orders, for: 30s, when: 50ms}"},
    {"{black_hole: orders, for: 30s, when: 50ms}"},
    {"{reset_peer: orders, after: 10ms, for: 30s, when: 50ms}"},
    {"{ack_drop: orders, for: 30s, when: 50ms}"},
    {"{puback_drop: orders, for: 30s, when: 50ms}"},
    {"{disconnect_client: orders, for: 30s, when: 50ms}"},
};

INSTANTIATE_TEST_SUITE_P(Faults, KilledSquall, ::testing::ValuesIn(kCases), [](const auto& instance) {
  std::string name = instance.param.fault.substr(1, instance.param.fault.find(',') - 1);
  for (char& letter : name) {
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
  }
  return name;
});

}  // namespace
}  // namespace squall

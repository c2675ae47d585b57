#include "tests/support/running_router.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "process/spawn.h"

namespace testing_support {

using namespace std::chrono_literals;
using nlohmann::json;

bool eventually(const std::function<bool()>& condition, Nanos within) {
  const auto deadline = squall::base::now() + within;
  while (!condition()) {
    if (squall::base::now() > deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

std::string content_of(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

bool lives(int pid) {
  const std::string stat = content_of(fmt::format("/proc/{}/stat", pid));
  const std::size_t end = stat.rfind(')');
  return end != stat.npos && stat[end + 2] != 'Z' && stat[end + 2] != 'X';
}

int parent_of(int pid) {
  const std::string stat = content_of(fmt::format("/proc/{}/stat", pid));
  const std::size_t end = stat.rfind(')');
  return end == stat.npos ? 0 : std::stoi(stat.substr(end + 4));
}

std::pair<int, std::string> output_of(const std::vector<std::string>& command) {
  int fds[2];
  EXPECT_EQ(pipe2(fds, O_CLOEXEC), 0);
  auto child = squall::process::spawn({.command = command,
                                       .environment = {},
                                       .working_directory = {},
                                       .stdout_fd = fds[1],
                                       .stderr_fd = fds[1],
                                       .inherited_fds = {}});
  close(fds[1]);
  std::string text;
  char buffer[4096];
  ssize_t got = 0;
  while ((got = read(fds[0], buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<std::size_t>(got));
  close(fds[0]);
  if (!child) return {-1, child.error().message()};
  int status = 0;
  waitpid(child->pid, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
}

Scratch::Scratch() {
  std::string pattern = (std::filesystem::temp_directory_path() / "running-router-XXXXXX").string();
  EXPECT_NE(mkdtemp(pattern.data()), nullptr);
  path_ = pattern;
}

Scratch::~Scratch() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

RunningRouter::RunningRouter(const std::string& binary, const Scratch& scratch, const RouterOptions& options)
    : run_dir_(scratch / options.run_dir), log_(run_dir_ + ".log") {
  std::ofstream(run_dir_ + ".yaml") << options.yaml << "log: {path: " << log_ << "}\n";
  std::vector<std::string> command{binary, "run", "--run-dir", run_dir_, "--config", run_dir_ + ".yaml"};
  command.insert(command.end(), options.arguments.begin(), options.arguments.end());
  auto child = squall::process::spawn({.command = command,
                                       .environment = {{"IDLE_ROLE", options.wish}},
                                       .working_directory = {},
                                       .inherited_fds = {}});
  EXPECT_TRUE(child) << child.error().message();
  if (child) top_ = child->pid;
}

RunningRouter::~RunningRouter() {
  if (top_ == 0) return;
  const auto processes = pids();
  kill(top_, SIGKILL);
  waitpid(top_, nullptr, 0);
  for (const auto& [name, pid] : processes) {
    EXPECT_TRUE(eventually([&, id = pid] { return !lives(id); }))
        << name << " " << pid << " outlives the router";
  }
}

int RunningRouter::pid(const std::string& process) const {
  const std::string text = content_of(run_dir_ + "/" + process + ".pid");
  return text.empty() ? 0 : std::stoi(text);
}

std::map<std::string, int> RunningRouter::pids() const {
  std::map<std::string, int> all;
  for (const char* name : {"guardian", "supervisor", "decide-0", "decide-1", "result", "admin"}) {
    all[name] = pid(name);
  }
  return all;
}

RunningRouter::Answer RunningRouter::get(const std::string& path) const {
  const std::string address = content_of(run_dir_ + "/http.address");
  if (address.empty()) return {};
  httplib::Client client("http://" + address.substr(0, address.find('\n')));
  client.set_connection_timeout(1, 0);
  client.set_read_timeout(2, 0);
  const auto answer = client.Get(path);
  if (!answer) return {};
  return {answer->status, answer->body};
}

void RunningRouter::wait_ready() const {
  ASSERT_TRUE(eventually([&] { return ready(); })) << get("/readyz").body << log();
}

double RunningRouter::metric(const std::string& name) const {
  const std::string body = get("/metrics").body;
  const std::size_t at = body.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(body.substr(at + name.size() + 2));
}

void RunningRouter::signal(int number) const { kill(top_, number); }

int RunningRouter::wait_exit(Nanos within) {
  int status = 0;
  if (!eventually([&] { return waitpid(top_, &status, WNOHANG) == top_; }, within)) return 2000;
  top_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

std::vector<json> RunningRouter::logged(const std::string& message) const {
  std::vector<json> found;
  std::ifstream lines(log_);
  for (std::string line; std::getline(lines, line);) {
    json parsed = json::parse(line, nullptr, false);
    EXPECT_FALSE(parsed.is_discarded()) << line;
    if (!parsed.is_discarded() && parsed["message"] == message) found.push_back(std::move(parsed));
  }
  return found;
}

}  // namespace testing_support

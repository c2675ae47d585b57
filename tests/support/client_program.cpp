#include "support/client_program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "base/invariant.h"
#include "process/spawn.h"

namespace squall::testing {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
constexpr base::Nanos kPatience = 20s;

}  // namespace

// tests/clients/prepare.sh prepares what the two need from their registries, if it can.
std::optional<std::vector<std::string>> ClientProgram::command(const std::string& client,
                                                               std::string& why_not) {
  const std::filesystem::path folder = CLIENTS_FOLDER;
  if (client == "libnats") return std::vector<std::string>{LIBNATS_CLIENT};
  const std::filesystem::path prepared = CLIENTS_PREPARED;
  if (!std::filesystem::exists(prepared / (client + ".ready"))) {
    why_not = client +
              " is not installed: run tests/clients/prepare.sh (it needs node and npm, or python3 and " +
              "pip, and their registries)";
    return std::nullopt;
  }
  if (client == "nats.js") return std::vector<std::string>{"node", prepared / "js" / "nats_js_client.mjs"};
  return std::vector<std::string>{prepared / "py" / "bin" / "python3", folder / "py" / "nats_py_client.py"};
}

ClientProgram::ClientProgram(std::vector<std::string> command) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  SQUALL_CHECK(pipe2(in.data(), O_CLOEXEC) == 0 && pipe2(out.data(), O_CLOEXEC) == 0);
  const base::UniqueFd its_in(in[0]);
  const base::UniqueFd its_out(out[1]);
  to_ = base::UniqueFd(in[1]);
  from_ = base::UniqueFd(out[0]);
  process::SpawnOptions options;
  options.command = std::move(command);
  options.stdin_fd = its_in.get();
  options.stdout_fd = its_out.get();
  auto spawned = process::spawn(options);
  if (!spawned) {
    ADD_FAILURE() << spawned.error().message();
    return;
  }
  pid_ = spawned->pid;
}

ClientProgram::~ClientProgram() { kill(); }

void ClientProgram::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

json ClientProgram::run(const std::string& what, json options) {
  start(what, std::move(options));
  return answer();
}

void ClientProgram::start(const std::string& what, json options) {
  options["do"] = what;
  const std::string line = options.dump() + "\n";
  signal(SIGPIPE, SIG_IGN);
  if (write(to_.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    ADD_FAILURE() << "the client program is gone: " << line;
  }
}

json ClientProgram::answer() {
  const auto deadline = base::now() + kPatience;
  while (true) {
    if (const std::size_t end = unread_.find('\n'); end != std::string::npos) {
      json line = json::parse(unread_.substr(0, end), nullptr, /*allow_exceptions=*/false);
      unread_.erase(0, end + 1);
      return line;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - base::now());
    pollfd readable{from_.get(), POLLIN, 0};
    if (left <= 0ms || poll(&readable, 1, static_cast<int>(left.count())) != 1) {
      ADD_FAILURE() << "the client program does not answer";
      return {};
    }
    char bytes[4096];
    const ssize_t size = read(from_.get(), bytes, sizeof bytes);
    if (size <= 0) {
      ADD_FAILURE() << "the client program has ended";
      return {};
    }
    unread_.append(bytes, static_cast<std::size_t>(size));
  }
}

bool ClientProgram::until(const std::function<bool(const json&)>& condition) {
  for (const auto deadline = base::now() + kPatience; base::now() < deadline;) {
    const json state = run("state");
    if (state.is_null()) return false;
    if (condition(state)) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

}  // namespace squall::testing

#include "cli/doctor_command.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include "cluster/nats_binary.h"

namespace squall::cli {
namespace {

namespace fs = std::filesystem;

enum class State { kFine, kMissing, kNotNeeded };

// `missing` says for what it is needed, and how to get it.
void say(State state, const char* name, const std::string& found, const char* missing) {
  const char* mark = state == State::kFine ? "ok" : state == State::kMissing ? "MISSING" : "none";
  std::printf("  %-8s %-14s %s%s%s\n", mark, name, found.c_str(),
              state == State::kFine || found.empty() ? "" : ": ", state == State::kFine ? "" : missing);
}

std::optional<std::string> find_program(std::string_view name) {
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nobody sets any
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::size_t colon = rest.find(':');
    const fs::path candidate = fs::path(rest.substr(0, colon)) / name;
    if (access(candidate.c_str(), X_OK) == 0) return candidate.string();
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  }
  return std::nullopt;
}

bool nats_server() {
  const auto nats = cluster::resolve_nats_server();
  if (nats) {
    say(State::kFine, "nats-server", nats->version.text() + " " + nats->path.string(), "");
  } else {
    say(State::kMissing, "nats-server", nats.error().message(),
        "needed to start NATS (apt install nats-server, or nats.start.binary)");
  }
  return nats.has_value();
}

bool pidfd() {
  const bool there = fs::exists("/proc/self/fdinfo");
  say(there ? State::kFine : State::kMissing, "/proc", there ? "mounted" : "not mounted",
      "needed to hold processes");
  return there;
}

bool writable_here() {
  const bool writable = access(".", W_OK) == 0;
  say(writable ? State::kFine : State::kMissing, "folder",
      writable ? "evidence goes to ./_artifacts" : "cannot be written", "run where evidence can be written");
  return writable;
}

bool descriptors() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  constexpr rlim_t kWanted = 1024;
  const bool enough = limit.rlim_cur >= kWanted;
  say(enough ? State::kFine : State::kMissing, "descriptors", std::to_string(limit.rlim_cur),
      "at least 1024 (ulimit -n)");
  return enough;
}

void optional_program(const char* name, const char* purpose) {
  const auto found = find_program(name);
  say(found ? State::kFine : State::kNotNeeded, name, found.value_or(""), purpose);
}

int examine() {
  std::printf("squall %s on this machine\n", SQUALL_VERSION);
  // All are asked, whatever the first says.
  const bool nats = nats_server();
  const bool proc = pidfd();
  const bool folder = writable_here();
  const bool files = descriptors();
  const bool root = geteuid() == 0;
  say(root ? State::kFine : State::kNotNeeded, "root", root ? "yes" : "",
      "needed only for processes of other users");
  optional_program("nats", "the nats command line is not needed; its contexts are read from its files");
  optional_program("systemctl", "only for processes that systemd restarts");
  optional_program("docker", "only for exec faults with containers");
  optional_program("kubectl", "only for exec faults with Kubernetes");
  const bool all = nats && proc && folder && files;
  std::printf("%s\n", all ? "everything that is needed is there" : "something is missing");
  return all ? kOk : kInconclusive;
}

}  // namespace

Command doctor_command() {
  return {.name = "doctor",
          .summary = "Say what is missing on this machine",
          .options = {},
          .run = examine,
          .state = {}};
}

}  // namespace squall::cli

#include "cluster/nats_binary.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>

#include "base/clock.h"
#include "process/spawn.h"

namespace squall::cluster {
namespace {

constexpr const char* kDebianPath = "/usr/sbin/nats-server";
constexpr const char* kHowToGetOne =
    "install one (Debian, Ubuntu: apt-get install nats-server; any release: scripts/nats_server.sh VERSION) "
    "or set "
    "SQUALL_NATS_SERVER to its path";
constexpr base::Nanos kVersionPatience = std::chrono::seconds{5};

bool is_executable(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored) && access(path.c_str(), X_OK) == 0;
}

std::optional<std::filesystem::path> find_on_path(std::string_view program) {
  const char* variable = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  std::string_view folders = variable != nullptr ? variable : "";
  while (!folders.empty()) {
    const std::size_t end = std::min(folders.find(':'), folders.size());
    std::filesystem::path candidate = std::filesystem::path(folders.substr(0, end)) / program;
    if (end > 0 && is_executable(candidate)) return candidate;
    folders.remove_prefix(std::min(end + 1, folders.size()));
  }
  return std::nullopt;
}

base::Result<std::filesystem::path> find_binary(const std::optional<std::filesystem::path>& wanted) {
  if (wanted) {
    if (is_executable(*wanted)) return *wanted;
    return base::fail("there is no executable nats-server at {}", wanted->string());
  }
  const char* variable = std::getenv("SQUALL_NATS_SERVER");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  if (variable != nullptr && *variable != '\0') {
    if (is_executable(variable)) return std::filesystem::path(variable);
    return base::fail("SQUALL_NATS_SERVER is {}, which is no executable file", variable);
  }
  if (auto found = find_on_path("nats-server")) return *found;
  if (is_executable(kDebianPath)) return std::filesystem::path(kDebianPath);
  return base::fail("there is no nats-server on PATH nor at {}: {}", kDebianPath, kHowToGetOne);
}

// What the program prints, for at most kVersionPatience.
base::Result<std::string> output_of(const std::filesystem::path& path, const std::string& argument) {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return base::fail_errno("cannot make a pipe", errno);
  const base::UniqueFd reading(fds[0]);
  base::UniqueFd writing(fds[1]);
  process::SpawnOptions how{.command = {path.string(), argument}};
  how.stdout_fd = how.stderr_fd = writing.get();
  auto child = process::spawn(how);
  if (!child) return std::unexpected(child.error());
  writing.reset();

  std::string text;
  const base::Instant deadline = base::now() + kVersionPatience;
  for (bool open = true; open && base::now() < deadline;) {
    pollfd waiting{reading.get(), POLLIN, 0};
    if (poll(&waiting, 1, 50) <= 0) continue;
    char buffer[1024];
    const ssize_t got = read(reading.get(), buffer, sizeof buffer);
    if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
    open = got > 0 && text.size() < 65536;
  }
  kill(child->pid, SIGKILL);  // our unreaped child: the pid is still its own
  waitpid(child->pid, nullptr, 0);
  return text;
}

}  // namespace

std::string NatsVersion::text() const { return fmt::format("{}.{}.{}", major, minor, patch); }

std::optional<NatsVersion> parse_version(std::string_view text) {
  NatsVersion version;
  for (int* part : {&version.major, &version.minor, &version.patch}) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *part);
    if (error != std::errc{} || *part < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const bool last = part == &version.patch;
    if (!last && !text.starts_with('.')) return std::nullopt;
    if (!last) text.remove_prefix(1);
  }
  return version;
}

std::optional<NatsVersion> parse_nats_version(std::string_view output) {
  constexpr std::string_view kPrefix = "nats-server: v";
  const std::size_t at = output.find(kPrefix);
  if (at == std::string_view::npos) return std::nullopt;
  return parse_version(output.substr(at + kPrefix.size()));
}

base::Result<NatsBinary> resolve_nats_server(const std::optional<std::filesystem::path>& wanted) {
  auto path = find_binary(wanted);
  if (!path) return std::unexpected(path.error());
  const auto output = output_of(*path, "--version");
  if (!output) return base::fail_within("cannot ask nats-server for its version", output.error());
  const auto version = parse_nats_version(*output);
  if (!version) {
    return base::fail("{} does not look like a nats-server: --version printed \"{}\"", path->string(),
                      output->substr(0, output->find('\n')));
  }
  if (*version < kOldestNatsServer) {
    return base::fail("{} is version {}, older than {}: {}", path->string(), version->text(),
                      kOldestNatsServer.text(), kHowToGetOne);
  }
  return NatsBinary{.path = *path, .version = *version};
}

}  // namespace squall::cluster

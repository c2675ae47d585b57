#include "support/nats_fixture.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "base/clock.h"
#include "base/invariant.h"
#include "process/spawn.h"

namespace squall::testing {
namespace {

using namespace std::chrono_literals;
constexpr base::Nanos kPatience = 20s;

std::string binary() {
  const char* chosen = std::getenv("SQUALL_NATS_SERVER");
  return chosen != nullptr ? chosen : "nats-server";
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::uint16_t port_of(const nlohmann::json& urls) {
  const std::string url = urls.at(0);
  return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
}

// Whether somebody says INFO on that port.
bool says_info(std::uint16_t port) {
  const base::UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return false;
  pollfd readable{fd.get(), POLLIN, 0};
  if (poll(&readable, 1, 1000) != 1) return false;
  char bytes[5];
  return recv(fd.get(), bytes, sizeof bytes, 0) == 5 && std::string(bytes, 5) == "INFO ";
}

// Whether every thread is in state T. A signal is only sent, not obeyed, when kill() returns.
bool is_stopped(pid_t pid) {
  for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    const std::string stat = read_file(thread.path() / "stat");
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos || stat.substr(name_end, 3) != ") T") return false;
  }
  return true;
}

}  // namespace

NatsServer::NatsServer(Options options) : options_(std::move(options)) {
  start();
  read_ports();
  wait_for_info();
}

NatsServer::~NatsServer() { kill(); }

void NatsServer::start() {
  std::ofstream(folder_ / "nats.conf")
      << "listen: \"127.0.0.1:" << (port_ == 0 ? -1 : port_) << "\"\n"
      << "http: \"127.0.0.1:" << (monitor_port_ == 0 ? -1 : monitor_port_) << "\"\n"
      << "ports_file_dir: \"" << folder_.path().string() << "\"\n"
      << (options_.jetstream ? "jetstream { store_dir: \"" + (folder_ / "store").string() + "\" }\n" : "")
      << options_.configuration << "\n";
  const base::UniqueFd log(
      open((folder_ / "nats.log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  auto child = process::spawn({.command = {binary(), "-c", (folder_ / "nats.conf").string()},
                               .stdout_fd = log.get(),
                               .stderr_fd = log.get()});
  ASSERT_TRUE(child.has_value()) << child.error().message();
  pid_ = child->pid;
  pidfd_ = std::move(child->pidfd);
}

void NatsServer::read_ports() {
  const auto file = folder_ / ("nats-server_" + std::to_string(pid_) + ".ports");
  for (const auto deadline = base::now() + kPatience; base::now() < deadline;
       std::this_thread::sleep_for(1ms)) {
    const auto ports = nlohmann::json::parse(read_file(file), nullptr, false);
    if (!ports.is_object()) continue;  // not there yet, or half written
    port_ = port_of(ports.at("nats"));
    monitor_port_ = port_of(ports.at("monitoring"));
    return;
  }
  FAIL() << "nats-server wrote no ports file: " << read_file(folder_ / "nats.log");
}

void NatsServer::wait_for_info() const {
  for (const auto deadline = base::now() + kPatience; base::now() < deadline;
       std::this_thread::sleep_for(1ms)) {
    if (says_info(port_)) return;
  }
  FAIL() << "nats-server does not answer on port " << port_ << ": " << read_file(folder_ / "nats.log");
}

void NatsServer::signal(int number) {
  SQUALL_CHECK(pid_ > 0);
  SQUALL_CHECK(syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0) == 0);
}

void NatsServer::freeze() {
  signal(SIGSTOP);
  for (const auto deadline = base::now() + kPatience; base::now() < deadline;
       std::this_thread::sleep_for(1ms)) {
    if (is_stopped(pid_)) return;
  }
  FAIL() << "nats-server does not stop";
}

void NatsServer::thaw() { signal(SIGCONT); }

void NatsServer::kill() {
  if (pid_ <= 0) return;
  syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
  pidfd_.reset();
}

void NatsServer::restart() {
  SQUALL_CHECK(pid_ <= 0);
  start();
  wait_for_info();
}

void NatsServer::restart_with(std::string configuration) {
  kill();
  options_.configuration = std::move(configuration);
  restart();
}

}  // namespace squall::testing

#include "cluster/server.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "http/http_client.h"
#include "process/log_tail.h"
#include "wire/server_info.h"

namespace squall::cluster {

namespace asio = boost::asio;

namespace {

constexpr base::Nanos kCadence = std::chrono::milliseconds{1};
// One connection that brings nothing must not cost the whole deadline.
constexpr base::Nanos kAttemptPatience = std::chrono::milliseconds{250};
constexpr base::Nanos kHealthPatience = std::chrono::seconds{2};
constexpr std::size_t kLastLines = 12;
constexpr auto kToken = asio::as_tuple(asio::use_awaitable);

asio::awaitable<std::string> read_line(asio::ip::tcp::socket& socket, asio::ip::tcp::endpoint endpoint) {
  const auto [refused] = co_await socket.async_connect(endpoint, kToken);
  if (refused || socket.local_endpoint() == socket.remote_endpoint()) co_return "";
  std::string line;
  const auto [failed, length] =
      co_await asio::async_read_until(socket, asio::dynamic_buffer(line, 65536), '\n', kToken);
  if (failed) co_return "";
  line.resize(length);
  co_return line;
}

// The INFO of whoever listens there; nothing when nobody does, or says none.
asio::awaitable<std::optional<wire::ServerInfo>> ask_info(asio::io_context& io, std::uint16_t port,
                                                          base::Instant deadline) {
  using namespace asio::experimental::awaitable_operators;
  asio::ip::tcp::socket socket(io);
  asio::steady_timer timer(io, deadline);
  const asio::ip::tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port);
  const auto first = co_await (read_line(socket, endpoint) || timer.async_wait(kToken));
  if (first.index() != 0) co_return std::nullopt;
  std::string_view line = std::get<0>(first);
  if (!line.starts_with("INFO ")) co_return std::nullopt;
  line.remove_prefix(5);
  auto info = wire::parse_server_info(line);
  if (!info) co_return std::nullopt;
  co_return *std::move(info);
}

asio::awaitable<void> sleep_until(asio::io_context& io, base::Instant instant) {
  asio::steady_timer timer(io, instant);
  co_await timer.async_wait(kToken);
}

}  // namespace

Server::Server(asio::io_context& io, ServerSettings settings, ServerPorts ports)
    : io_(io), settings_(std::move(settings)), ports_(std::move(ports)) {}

std::optional<std::uint16_t> Server::cluster_port() const {
  if (!ports_.cluster) return std::nullopt;
  return ports_.cluster->port();
}

std::string Server::url() const { return fmt::format("nats://127.0.0.1:{}", client_port()); }

base::Error Server::died(const process::ExitStatus& status) const {
  return base::Error(fmt::format("{} died at start ({}); the last lines of {}:\n{}", name(),
                                 status.describe(), settings_.log_path.string(),
                                 process::last_lines(settings_.log_path, kLastLines)));
}

base::Result<void> Server::launch() {
  if (running()) return base::fail("{} runs already (pid {})", name(), child_->pid());
  child_.reset();  // ends what the last one may have left
  executed_at_ = base::now();
  auto child = process::Child::start(
      io_, {.name = name(),
            .command = {settings_.binary.path.string(), "--config", settings_.configuration_path.string()},
            .log_path = settings_.log_path,
            .run_id = settings_.run_id});
  if (!child) return std::unexpected(child.error());
  child_ = *std::move(child);
  ++starts_;
  if (on_start_) on_start_(*child_);
  return {};
}

asio::awaitable<base::Result<base::Instant>> Server::wait_info(base::Instant deadline) {
  std::string stranger;
  for (;;) {
    const base::Instant asked_at = base::now();
    if (!child_) co_return base::fail("{} was never started", name());
    if (const auto status = child_->exit_status()) co_return std::unexpected(died(*status));
    const auto answer =
        co_await ask_info(io_, client_port(), std::min(deadline, asked_at + kAttemptPatience));
    if (answer && answer->server_name == name()) co_return base::now();
    if (answer) stranger = answer->server_name;
    if (base::now() >= deadline) break;
    co_await sleep_until(io_, asked_at + kCadence);
  }
  if (!stranger.empty()) {
    co_return base::fail("port {} of {} is served by another NATS server ({})", client_port(), name(),
                         stranger);
  }
  co_return base::fail("{} said no INFO on port {} in time; the last lines of {}:\n{}", name(), client_port(),
                       settings_.log_path.string(), process::last_lines(settings_.log_path, kLastLines));
}

asio::awaitable<std::size_t> Server::advertised_urls(base::Instant deadline) const {
  const auto answer =
      co_await ask_info(io_, client_port(), std::min(deadline, base::now() + kAttemptPatience));
  co_return answer ? answer->connect_urls.size() : 0;
}

asio::awaitable<base::Result<base::Instant>> Server::wait_healthy(base::Instant deadline) {
  std::string reason = "not asked";
  // Named: GCC 12 destroys an aggregate temporary in a co_await expression twice.
  const http::GetRequest request{.port = monitor_port(), .target = "/healthz"};
  for (;;) {
    const base::Instant asked_at = base::now();
    if (!child_) co_return base::fail("{} was never started", name());
    if (const auto status = child_->exit_status()) co_return std::unexpected(died(*status));
    const auto answer = co_await http::get(io_, request, std::min(deadline, asked_at + kHealthPatience));
    if (answer && answer->status == 200) co_return base::now();
    reason = answer ? fmt::format("HTTP {}: {}", answer->status, answer->body) : answer.error().message();
    if (base::now() >= deadline) break;
    co_await sleep_until(io_, asked_at + kCadence);
  }
  co_return base::fail("{} is not healthy in time ({}); its log is {}", name(), reason,
                       settings_.log_path.string());
}

base::Result<void> Server::runs_alone() const {
  for (const process::ProcStatus& member : child_->tree().members()) {
    if (member.identity == child_->identity()) continue;
    return base::fail(
        "{} (pid {}) is not the server: it has started {}, and a kill would only end what stands in front of "
        "it; "
        "end the wrapper {} with exec, or name the server itself",
        name(), child_->pid(), member.describe(), settings_.binary.path.string());
  }
  return {};
}

asio::awaitable<base::Result<ServerStart>> Server::start(base::Instant deadline) {
  if (auto launched = launch(); !launched) co_return std::unexpected(launched.error());
  const auto info_at = co_await wait_info(deadline);
  if (!info_at) co_return std::unexpected(info_at.error());
  const auto healthy_at = co_await wait_healthy(deadline);
  if (!healthy_at) co_return std::unexpected(healthy_at.error());
  co_return ServerStart{.executed_at = executed_at_, .info_at = *info_at, .healthy_at = *healthy_at};
}

base::Result<bool> Server::signal(int number) {
  if (!child_) return false;
  return child_->signal(number);
}

asio::awaitable<base::Result<void>> Server::stop(base::Nanos grace) {
  if (!child_ || !child_->running()) co_return base::Result<void>{};
  const auto stopped = co_await child_->stop(grace);
  if (!stopped) co_return std::unexpected(stopped.error());
  co_return base::Result<void>{};
}

asio::awaitable<base::Result<ServerStart>> Server::restart(base::Nanos grace, base::Instant deadline) {
  const auto stopped = co_await stop(grace);
  if (!stopped) co_return std::unexpected(stopped.error());
  co_return co_await start(deadline);
}

asio::awaitable<base::Result<std::string>> Server::monitor(std::string target, base::Instant deadline) const {
  const http::GetRequest request{.port = monitor_port(), .target = target};
  auto answer = co_await http::get(io_, request, deadline);
  if (!answer) co_return base::fail_within(fmt::format("{} {}", name(), target), answer.error());
  if (answer->status != 200) co_return base::fail("{} {}: HTTP {}", name(), target, answer->status);
  co_return std::move(answer->body);
}

}  // namespace squall::cluster

#include "probe/probes.h"

#include <boost/asio/io_context.hpp>

#include "client/connection.h"
#include "http/http_client.h"

namespace squall::probe {

namespace asio = boost::asio;

namespace {

class ProcessAlive final : public Probe {
 public:
  explicit ProcessAlive(std::function<std::optional<process::ProcessIdentity>()> current)
      : current_(std::move(current)) {}

  asio::awaitable<Finding> ask(base::Instant) override {
    const auto identity = current_();
    if (!identity) co_return Finding{Answer::kRed, "no process"};
    if (!process::is_alive(*identity))
      co_return Finding{Answer::kRed, fmt::format("pid {} is gone", identity->pid)};
    co_return Finding{Answer::kGreen, ""};
  }

 private:
  std::function<std::optional<process::ProcessIdentity>()> current_;
};

class NatsConnects final : public Probe {
 public:
  NatsConnects(asio::io_context& io, Endpoint endpoint) : io_(io), endpoint_(std::move(endpoint)) {}

  asio::awaitable<Finding> ask(base::Instant deadline) override {
    const client::ConnectOptions options{
        .host = endpoint_.host, .port = endpoint_.port, .name = "squall-probe"};
    const auto connection = co_await client::Connection::connect(io_, options, deadline);
    if (!connection) co_return Finding{Answer::kRed, connection.error().message()};
    (*connection)->close();
    co_return Finding{Answer::kGreen, ""};
  }

 private:
  asio::io_context& io_;
  Endpoint endpoint_;
};

class HttpStatus final : public Probe {
 public:
  HttpStatus(asio::io_context& io, HttpQuestion question) : io_(io), question_(std::move(question)) {}

  asio::awaitable<Finding> ask(base::Instant deadline) override {
    const http::GetRequest request{
        .host = question_.endpoint.host, .port = question_.endpoint.port, .target = question_.target};
    const auto answer = co_await http::get(io_, request, deadline);
    if (!answer) co_return Finding{Answer::kRed, answer.error().message()};
    if (answer->status == question_.want_status) co_return Finding{Answer::kGreen, ""};
    const std::string body = answer->body.substr(0, answer->body.find('\n')).substr(0, 120);
    co_return Finding{Answer::kRed,
                      fmt::format("HTTP {}{}{}", answer->status, body.empty() ? "" : ": ", body)};
  }

 private:
  asio::io_context& io_;
  HttpQuestion question_;
};

class Latched final : public Probe {
 public:
  explicit Latched(std::function<Finding()> state) : state_(std::move(state)) {}

  asio::awaitable<Finding> ask(base::Instant) override { co_return state_(); }

 private:
  std::function<Finding()> state_;
};

}  // namespace

std::unique_ptr<Probe> process_alive(std::function<std::optional<process::ProcessIdentity>()> current) {
  return std::make_unique<ProcessAlive>(std::move(current));
}

std::unique_ptr<Probe> nats_connects(asio::io_context& io, Endpoint endpoint) {
  return std::make_unique<NatsConnects>(io, std::move(endpoint));
}

std::unique_ptr<Probe> http_status(asio::io_context& io, HttpQuestion question) {
  return std::make_unique<HttpStatus>(io, std::move(question));
}

std::unique_ptr<Probe> latched(std::function<Finding()> state) {
  return std::make_unique<Latched>(std::move(state));
}

}  // namespace squall::probe

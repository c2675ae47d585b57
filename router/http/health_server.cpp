#include "router/http/health_server.h"

#include <httplib.h>
#include <sys/socket.h>

#include <cerrno>
#include <thread>

#include "router/http/answers.h"

namespace router::http {

using squall::base::fail;
using squall::base::Result;

namespace {

// Each keep-alive connection occupies a thread while it lasts.
constexpr int kThreads = 16;

using Answering = Answer (*)(const board::Board&, const config::RouterConfig&, Instant);

}  // namespace

struct HealthServer::Server {
  httplib::Server http;
  std::jthread thread;
};

Result<std::unique_ptr<HealthServer>> HealthServer::start(const config::HttpSettings& listen,
                                                          const board::Board& board,
                                                          const config::RouterConfig& config) {
  auto server = std::make_unique<Server>();
  httplib::Server& http = server->http;
  http.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  http.set_tcp_nodelay(true);  // without it every answer on a kept connection waits 40 ms
  http.set_keep_alive_max_count(100'000);
  http.set_payload_max_length(64 * 1024);
  // Not SO_REUSEPORT, the library's default: two servers would share a port without noticing.
  http.set_socket_options([](auto socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  const auto serve = [&](const char* path, Answering answering) {
    http.Get(path, [&board, &config, answering](const httplib::Request&, httplib::Response& response) {
      const Answer answer = answering(board, config, squall::base::now());
      response.status = answer.status;
      response.set_content(answer.body, answer.content_type);
    });
  };
  serve("/livez", answer_livez);
  serve("/readyz", answer_readyz);
  serve("/metrics", answer_metrics);
  serve("/state", answer_state);

  int port = listen.port;
  errno = 0;
  if (port == 0) {
    port = http.bind_to_any_port(listen.host);
  } else if (!http.bind_to_port(listen.host, port)) {
    port = -1;
  }
  if (port <= 0) {
    return fail("cannot listen on {}:{}: {}", listen.host, listen.port,
                std::generic_category().message(errno));
  }
  server->thread = std::jthread([&http] { http.listen_after_bind(); });
  return std::unique_ptr<HealthServer>(new HealthServer(std::move(server), listen.host, port));
}

HealthServer::HealthServer(std::unique_ptr<Server> server, std::string host, int port)
    : server_(std::move(server)), host_(std::move(host)), port_(port) {}

HealthServer::~HealthServer() {
  // stop() does nothing before the thread has begun to listen.
  while (!server_->http.is_running()) std::this_thread::yield();
  server_->http.stop();
}

std::string HealthServer::address() const {
  const bool anywhere = host_ == "0.0.0.0" || host_ == "::";
  const std::string host = anywhere ? "127.0.0.1" : host_;
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port_)
                                             : fmt::format("[{}]:{}", host, port_);
}

}  // namespace router::http

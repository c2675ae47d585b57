#include "control/proxy_service.h"

#include <boost/asio/use_awaitable.hpp>
#include <csignal>

#include "base/asio_run.h"
#include "control/toxiproxy_api.h"
#include "proxy/address.h"

namespace squall::control {

namespace asio = boost::asio;

namespace {

std::string sentence_about(const proxy::ProxyEvent& event) {
  using Kind = proxy::ProxyEvent::Kind;
  switch (event.kind) {
    case Kind::kRefused:
      return fmt::format("link {}: connection {} was refused: {}", event.link, event.connection, event.text);
    case Kind::kNotFull:
      return fmt::format("link {}: reads again", event.link);
    case Kind::kUnreadable:
      return fmt::format("link {}: connection {}: {}; it passes unread", event.link, event.connection,
                         event.text);
    default:
      return fmt::format("link {}: {}", event.link, event.text);
  }
}

asio::awaitable<void> one_of(asio::signal_set& signals) { co_await signals.async_wait(asio::use_awaitable); }

}  // namespace

base::Result<asio::ip::tcp::endpoint> api_endpoint(std::string_view address, std::string_view token) {
  const auto host_port = proxy::parse_host_port(address);
  if (!host_port) return base::fail_within("--api", host_port.error());
  const std::string host = host_port->host == "localhost" ? "127.0.0.1"
                           : host_port->host.empty()      ? "0.0.0.0"
                                                          : host_port->host;
  boost::system::error_code error;
  const auto ip = asio::ip::make_address(host, error);
  if (error) return base::fail("--api {}: {} is no IP address, and not localhost", address, host);
  if (!ip.is_loopback() && token.empty()) {
    return base::fail(
        "--api {}: others reach this address, and whoever reaches the API can cut your connections: give it "
        "a token in SQUALL_API_TOKEN or --token-file, or listen on 127.0.0.1",
        address);
  }
  return asio::ip::tcp::endpoint(ip, host_port->port);
}

ProxyService::ProxyService(ServiceSettings settings, std::function<void(std::string)> on_problem)
    : settings_(std::move(settings)),
      on_problem_(std::move(on_problem)),
      stop_signals_(io_, SIGTERM, SIGINT),
      events_(io_, [this](const proxy::ProxyEvent& event) { on_problem_(sentence_about(event)); }),
      api_(settings_.seed),
      proxy_(events_.sink()) {}

base::Result<void> ProxyService::make_links() {
  std::vector<std::string> done;
  const auto made =
      proxy_.call([&](proxy::Links& links) { return populate(links, api_.desk(), settings_.proxies, done); });
  if (!made) return base::fail("proxy {}: {}", settings_.proxies.at(done.size()).name, made.error().text);
  for (proxy::LinkSettings& link : settings_.links) {
    link.seed = settings_.seed;
    const auto added = proxy_.call([&](proxy::Links& links) { return links.add(std::move(link)); });
    if (!added) return std::unexpected(added.error());
  }
  return {};
}

base::Result<std::unique_ptr<ProxyService>> ProxyService::start(ServiceSettings settings,
                                                                std::function<void(std::string)> on_problem) {
  const auto endpoint = api_endpoint(settings.api, settings.admission.token);
  if (!endpoint) return std::unexpected(endpoint.error());
  std::unique_ptr<ProxyService> service(new ProxyService(std::move(settings), std::move(on_problem)));
  if (const auto made = service->make_links(); !made) return std::unexpected(made.error());
  ControlSettings control;
  control.server.listen = *endpoint;
  control.server.on_problem = service->on_problem_;
  control.admission = service->settings_.admission;
  auto server = serve_api(service->io_, std::move(control), service->proxy_, service->events_, service->api_);
  if (!server) return base::fail_within("API", server.error());
  service->server_.emplace(*std::move(server));
  return service;
}

std::vector<proxy::LinkStatus> ProxyService::links() {
  return proxy_.call([](proxy::Links& links) { return links.status(); });
}

base::Result<void> ProxyService::run() {
  base::run(io_, one_of(stop_signals_));
  stop_signals_.clear();
  const base::Instant deadline = base::now() + settings_.drain;
  const auto stopped = base::run(io_, server_->stop(deadline));
  proxy_.drain(deadline);
  return stopped;
}

}  // namespace squall::control

// `squall proxy` from its settings to its end: the links, the API in front of them, and a stop that loses
// nothing that has been read.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "control/control_server.h"
#include "control/toxiproxy_bodies.h"

namespace squall::control {

inline constexpr std::string_view kApiAddress = "127.0.0.1:8474";  // where Toxiproxy's clients look

struct ServiceSettings {
  std::string api{kApiAddress};
  std::vector<proxy::LinkSettings> links;
  std::vector<ProxyInput> proxies;  // of a populate file; made before the links
  http::AdmissionRules admission;
  std::uint64_t seed = 1;
  base::Nanos drain = std::chrono::seconds{5};  // that a stop may take
};

// Errors: not an IP address or localhost with a port; one that others reach, and no token.
base::Result<boost::asio::ip::tcp::endpoint> api_endpoint(std::string_view address, std::string_view token);

// Thread: that which makes it; the links have one of their own.
class ProxyService {
 public:
  // Links first, then the API, so that whoever reaches it sees them all. `on_problem` is told, while run()
  // runs, what somebody should know.
  // Errors: a port in use, a link that cannot be.
  static base::Result<std::unique_ptr<ProxyService>> start(ServiceSettings settings,
                                                           std::function<void(std::string)> on_problem);

  boost::asio::ip::tcp::endpoint api() const { return server_->endpoint(); }
  std::vector<proxy::LinkStatus> links();
  // Serves until SIGTERM or SIGINT, then drains. A second signal ends the process at once.
  // Errors: calls that had to be cut off.
  base::Result<void> run();

 private:
  ProxyService(ServiceSettings settings, std::function<void(std::string)> on_problem);
  base::Result<void> make_links();

  ServiceSettings settings_;
  std::function<void(std::string)> on_problem_;
  boost::asio::io_context io_;
  boost::asio::signal_set stop_signals_;  // from the start, so that none is missed
  EventBridge events_;
  Api api_;
  proxy::Proxy proxy_;
  std::optional<http::Server> server_;
};

}  // namespace squall::control

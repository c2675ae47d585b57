// The router's HTTP server: /livez, /readyz, /metrics and /state, on threads of its own, in the topmost
// process.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "router/board/board.h"
#include "router/config/router_config.h"

namespace router::http {

// Lifetime: the board and the configuration must outlive it. The destructor stops serving and joins.
class HealthServer {
 public:
  // Listens at once. Errors: the address is in use or not ours.
  static squall::base::Result<std::unique_ptr<HealthServer>> start(const config::HttpSettings& listen,
                                                                   const board::Board& board,
                                                                   const config::RouterConfig& config);
  ~HealthServer();

  int port() const { return port_; }
  // "127.0.0.1:39211": where a client on this host reaches it.
  std::string address() const;

 private:
  struct Server;
  HealthServer(std::unique_ptr<Server> server, std::string host, int port);

  std::unique_ptr<Server> server_;
  std::string host_;
  int port_;
};

}  // namespace router::http

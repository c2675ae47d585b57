// What the router's HTTP endpoints answer, made from the board alone, so that a frozen or dead role cannot
// keep an answer back. Pure; the server is in health_server.h.
#pragma once

#include <string>

#include "router/board/board.h"
#include "router/config/router_config.h"
#include "router/http/readiness.h"

namespace router::http {

struct Answer {
  int status = 200;  // 503 when a condition fails
  std::string content_type;
  std::string body;
};

Answer answer_livez(const board::Board& board, const config::RouterConfig& config, Instant now);
// {"ready":false,"failing":[{"condition":"nats_disconnected","process":"decide-0","detail":"connecting to
// nats://127.0.0.1:4222"}]}
Answer answer_readyz(const board::Board& board, const config::RouterConfig& config, Instant now);
// The tree of processes and the router's load, as JSON.
Answer answer_state(const board::Board& board, const config::RouterConfig& config, Instant now);
// Prometheus text format.
Answer answer_metrics(const board::Board& board, const config::RouterConfig& config, Instant now);

}  // namespace router::http

// The questions that Squall asks of a system. Each is asked at a cadence by Operational (operational.h).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "probe/answer.h"
#include "process/proc_status.h"

namespace squall::probe {

// What a probe found, before Operational stamps it.
struct Finding {
  Answer answer = Answer::kUnknown;
  std::string reason;
};

// The seam that tests, and other folders' probes (a canary message, a consumer's lag), implement.
class Probe {
 public:
  virtual ~Probe() = default;
  // Asks once. Ends by the deadline, as red ("no answer for 250 ms") if need be. Never throws.
  virtual boost::asio::awaitable<Finding> ask(base::Instant deadline) = 0;
};

// Green while the process that `current` names lives (it may be a new one after each restart).
std::unique_ptr<Probe> process_alive(std::function<std::optional<process::ProcessIdentity>()> current);

struct Endpoint {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
};
// Green when a fresh connection brings INFO and a PONG: a frozen server still accepts connections, and one
// that starts may say INFO before it serves.
std::unique_ptr<Probe> nats_connects(boost::asio::io_context& io, Endpoint endpoint);

struct HttpQuestion {
  Endpoint endpoint;
  std::string target = "/";
  int want_status = 200;
};
std::unique_ptr<Probe> http_status(boost::asio::io_context& io, HttpQuestion question);

// Whatever a function says, for states that are pushed to us ("log line seen", "client connected").
std::unique_ptr<Probe> latched(std::function<Finding()> state);

}  // namespace squall::probe

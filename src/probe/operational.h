// Asks every probe at its cadence and knows whether the system is operational: every required probe green.
//
// Thread: everything runs on the given io_context, and all calls come from there.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "probe/answer.h"
#include "probe/probes.h"

namespace squall::probe {

struct ProbeOptions {
  std::string name;  // unique: "nats-1 healthz"
  base::Nanos cadence = std::chrono::milliseconds{5};
  base::Nanos patience = std::chrono::milliseconds{250};  // the deadline of one question
  bool required = true;
};

class Operational {
 public:
  using OnObservation = std::function<void(const std::string& probe, const Observation&)>;
  using OnChange = std::function<void(const ProbeChange&)>;

  explicit Operational(boost::asio::io_context& io);
  // Stops asking. Lifetime: a question under way is abandoned; no callback comes after this.
  ~Operational();
  Operational(const Operational&) = delete;
  Operational& operator=(const Operational&) = delete;

  // Before start().
  void add(ProbeOptions options, std::unique_ptr<Probe> probe);
  // Each answer, for TimeToGreen; each change, for the timeline.
  void on_observation(OnObservation callback);
  void on_change(OnChange callback);

  void start();
  // Returns when no question is under way any more; it does not start again.
  boost::asio::awaitable<base::Result<void>> stop();

  bool is_operational() const;
  std::vector<std::string> required() const;
  std::optional<Observation> last(std::string_view probe) const;
  // "nats-1 healthz: connection refused": every required probe that is not green.
  std::vector<std::string> not_green() const;
  // When it became operational. Errors: the deadline passed; the message lists not_green().
  boost::asio::awaitable<base::Result<base::Instant>> wait_operational(base::Instant deadline);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace squall::probe

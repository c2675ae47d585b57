// What keeps an experiment from disturbing others on a server that is not Squall's: it looks at the
// experiment's own subjects. Another publisher of the input, or another consumer of the effect's stream, is
// named and refused unless the file allows it. Who else is connected is nobody's business.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "client/connection.h"
#include "experiment/experiment.h"
#include "run/control_link.h"

namespace squall::run {

// Listens from begin() on, until our own load starts. Thread: the main one.
class SharedGuard {
 public:
  // How long it listens for other publishers.
  static constexpr base::Nanos kListens = std::chrono::seconds(5);

  // Errors: the server cannot be reached, or another consumer is there that the file does not allow.
  static boost::asio::awaitable<base::Result<std::unique_ptr<SharedGuard>>> begin(
      ControlLink& nats, const experiment::Experiment& experiment);
  // Waits until it has listened long enough. Errors: somebody published, whom the file does not allow.
  boost::asio::awaitable<base::Result<void>> conclude();

  // "orders.created: no other publisher in 5.00 s · CONFIRMED: no other consumer", for the preflight line.
  const std::string& seen() const { return seen_; }

 private:
  explicit SharedGuard(std::vector<std::string> subjects) : subjects_(std::move(subjects)) {}

  std::vector<std::string> subjects_;  // of the inputs, variables as wildcards
  std::string about_;                  // the same for people
  bool listens_ = false;
  base::Instant since_{};
  std::shared_ptr<client::Connection> connection_;
  std::vector<client::Subscription> subscriptions_;
  std::uint64_t others_ = 0;
  std::string refused_;  // what the server said of the subscription
  std::string seen_;
};

// The consumers that the experiment itself names in questions, of one stream.
std::vector<std::string> own_consumers(const experiment::Experiment& experiment, const std::string& stream);

}  // namespace squall::run

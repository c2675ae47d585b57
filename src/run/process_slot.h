// One process of the experiment (or one replica of it) over its deaths: started by Squall, and started anew
// where the experiment says that Squall is who restarts it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "process/child.h"

namespace squall::run {

struct SlotSettings {
  process::ChildOptions child;
  // Squall starts it again this long after each death; nothing: somebody else does, or nobody.
  std::optional<base::Nanos> restart_after;
  base::Nanos stop_grace = std::chrono::seconds(5);
};

// Thread: the io_context's. Children die with the thread that starts them, so that is the main thread.
class ProcessSlot {
 public:
  // Called with each new process, and with each end of one before stop(); `expected`: a fault was to end it.
  struct Callbacks {
    std::function<void(const process::Child&)> on_start;
    std::function<void(const process::Child&, const process::ExitStatus&, bool expected)> on_exit;
    // It could not be started again, which is tried again and again.
    std::function<void(const base::Error&)> on_failed_start;
  };
  ProcessSlot(boost::asio::io_context& io, SlotSettings settings, Callbacks callbacks);
  ~ProcessSlot();
  ProcessSlot(const ProcessSlot&) = delete;
  ProcessSlot& operator=(const ProcessSlot&) = delete;

  const std::string& name() const;
  // Errors: it cannot be executed.
  base::Result<void> start();
  // The present process, or the last one (dead); null before the first start.
  const process::Child* child() const;
  bool running() const;
  int starts() const;
  // How its last process ended that nobody asked to end; nothing: none has.
  std::optional<process::ExitStatus> last_exit() const;
  // Waits until a start later than number `starts` runs. False: not by the deadline.
  boost::asio::awaitable<bool> wait_next_start(int starts, base::Instant deadline);
  // The present process is about to be killed. It stays down for so long, where Squall restarts it; nothing:
  // as the settings say.
  void expect_end(std::optional<base::Nanos> down_time);
  // It was not killed after all.
  void expect_no_end();
  // No more restarts; SIGTERM, then SIGKILL to the whole tree. What did not end is killed.
  boost::asio::awaitable<void> stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace squall::run

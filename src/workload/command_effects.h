// Runs the command of CommandEffects again and again, on a thread of its own, and turns what it prints into
// effects: those that it did not print the time before.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "workload/effect_source.h"
#include "workload/recorder.h"

namespace squall::workload {

// One run of a command: what it printed. Errors: it cannot be started, it failed (with what it said last), it
// was ended at the deadline, or because `stop` became readable. Blocks.
base::Result<std::string> run_effect_command(const CommandEffects& options, int stop);

// Thread: the workload's; the command runs on one of its own, and its findings are posted to `io`.
// Lifetime: the destructor ends a run that is under way, and returns when the thread has ended.
class CommandEffectsReader {
 public:
  CommandEffectsReader(boost::asio::io_context& io, CommandEffects source, ledger::Stage stage,
                       Recorder& recorder);
  ~CommandEffectsReader();
  CommandEffectsReader(const CommandEffectsReader&) = delete;
  CommandEffectsReader& operator=(const CommandEffectsReader&) = delete;

  void start();
  // When the last run that succeeded was started: it saw every effect from before.
  base::Instant seen_until() const { return seen_until_; }
  void conclude();

 private:
  void run(boost::asio::io_context& io);
  void take(base::Instant started, const base::Result<std::string>& printed);

  boost::asio::io_context& io_;
  CommandEffects source_;
  ledger::Stage stage_;
  Recorder& recorder_;
  base::UniqueFd stop_;
  std::unordered_map<std::string, std::uint32_t> seen_;  // by identity: effects recorded so far
  base::Instant seen_until_{};
  std::string last_error_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for what is posted
  std::thread thread_;
};

}  // namespace squall::workload

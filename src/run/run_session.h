// What every run has, whatever it does: an evidence folder, an undo journal with its watchdog, a work folder
// for stores, the io_context that all control work is pumped on by the main thread (children are started
// there, too: they die with their thread), and signals that end it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "base/asio_run.h"
#include "base/clock.h"
#include "base/result.h"
#include "evidence/run_folder.h"
#include "fault/journal.h"
#include "inject/watchdog.h"
#include "run/live_line.h"

namespace squall::run {

// Thrown out of every wait when SIGINT, SIGTERM or SIGHUP arrived, so that destructors clean up. The second
// signal ends the process at once: then the watchdog ends and heals what there is.
struct Interrupted {
  int signal = 0;
};

// Thrown the same way when the run is to end before its time: what is injected is healed first of all.
struct Aborted {
  std::string reason;
};

struct SessionOptions {
  std::filesystem::path artifacts = "_artifacts";
  std::string name;  // of the suite or experiment
  int live_fd = -1;  // shows progress on this terminal
};

// Thread: the main one. Lifetime: outlives everything that is started in it.
class Session {
 public:
  // What there is before anything is started.
  struct Parts {
    evidence::RunFolder folder;
    std::filesystem::path work_folder;
    std::string run_id;
    fault::Journal journal;
    inject::Watchdog watchdog;
    int live_fd = -1;
  };
  // Heals first what earlier runs of the same artifacts folder have left. Errors: the folder cannot be
  // written, or the watchdog does not start; then nothing is left.
  static base::Result<Parts> prepare(const SessionOptions& options);

  explicit Session(Parts parts);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const std::string& run_id() const { return run_id_; }
  boost::asio::io_context& io() { return io_; }
  evidence::RunFolder& folder() { return folder_; }
  const evidence::RunFolder& folder() const { return folder_; }
  // For stores and run directories: beside the evidence, removed at the end, and by a later run if this one
  // was killed.
  const std::filesystem::path& work_folder() const { return work_folder_; }
  fault::Journal& journal() { return journal_; }
  // Nothing is injected without a watchdog that would undo it.
  bool watched() const { return watchdog_.alive(); }
  // Everything of this run has ended: the watchdog looks whether that is true, and goes. Errors: it is not.
  base::Result<void> end_watchdog() { return watchdog_.end(); }
  LiveLine& live() { return live_; }

  // Ends the wait that is going on, and each one after it, by Aborted. From a handler of the io_context.
  [[noreturn]] void abort(std::string reason);

  // Pumps the io_context until the task has ended. Throws Interrupted and Aborted.
  template <typename T>
  T wait(boost::asio::awaitable<T> task) {
    if (interrupted_) throw Interrupted{*interrupted_};
    if (aborted_) throw Aborted{*aborted_};
    return base::run(io_, std::move(task));
  }
  // The same on the way out, where a signal that has already come is no reason to wait for nothing.
  template <typename T>
  T wait_anyhow(boost::asio::awaitable<T> task) {
    return base::run(io_, std::move(task));
  }
  void wait_until(base::Instant instant);
  void wait_for(base::Nanos duration) { wait_until(base::now() + duration); }
  std::optional<int> interrupted() const { return interrupted_; }

  base::Nanos since_start(base::Instant instant) const { return instant - folder_.anchor().mono; }
  // Onto the timeline. A run whose evidence cannot be written is worth nothing: it ends the run.
  void event(const evidence::Event& event);
  // A line that stays, on standard output.
  void say(const std::string& line);

 private:
  void watch_signals();

  evidence::RunFolder folder_;
  std::filesystem::path work_folder_;
  std::string run_id_;
  fault::Journal journal_;
  inject::Watchdog watchdog_;
  LiveLine live_;
  boost::asio::io_context io_;
  boost::asio::signal_set signals_;
  std::optional<int> interrupted_;
  std::optional<std::string> aborted_;
};

// A coroutine's sleep.
boost::asio::awaitable<void> sleep_until(base::Instant instant);

}  // namespace squall::run

// One run of the controlled suite: its options, its evidence folder, its report, and the io_context that all
// control work is pumped on by the main thread (children are started there, too: they die with their thread).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/asio_run.h"
#include "base/clock.h"
#include "base/result.h"
#include "cluster/nats_binary.h"
#include "evidence/run_folder.h"
#include "fault/journal.h"
#include "inject/watchdog.h"
#include "report/run_report.h"
#include "router_chaos/live_line.h"

namespace squall::router_chaos {

struct SuiteOptions {
  std::string artifacts = "_artifacts";
  int repeat = 10;                                       // trials of each SLO test
  std::string only;                                      // a test's name with * as a wildcard; empty: all
  std::uint64_t seed = 7;                                // of the schedules
  base::Nanos start_timeout = std::chrono::seconds(20);  // of each part of the system
  base::Nanos give_up_after = std::chrono::seconds(30);  // of waiting for a recovery
  bool keep_running = false;
  int live_fd = -1;
  std::string log_path;  // what chaos_test.sh writes; for the report
  std::string defect;    // a planted defect that the router runs with; empty: honest
  std::string router;    // the binaries under test; found beside this program
  std::string worker;
};

// Thrown out of every wait when SIGINT, SIGTERM or SIGHUP arrived, so that the tests' destructors clean up.
struct Interrupted {
  int signal = 0;
};

class SuiteRun {
 public:
  // Makes the evidence folder and looks for the binaries. Errors: any of them is missing.
  static base::Result<std::unique_ptr<SuiteRun>> create(SuiteOptions options);
  ~SuiteRun();
  // The run that this process is; set by main.
  static SuiteRun& current();

  const SuiteOptions& options() const { return options_; }
  const std::string& run_id() const { return run_id_; }
  const cluster::NatsBinary& nats() const { return nats_; }
  boost::asio::io_context& io() { return io_; }
  evidence::RunFolder& folder() { return folder_; }
  // For stores and run directories: beside the evidence, removed at the end, and by a later run if this one
  // was killed.
  const std::filesystem::path& work_folder() const { return work_folder_; }
  fault::Journal& journal() { return journal_; }
  // Everything of this run has ended: the watchdog looks whether that is true, and goes. Errors: it is not.
  base::Result<void> end_watchdog() { return watchdog_.end(); }
  report::RunReport& report() { return report_; }
  LiveLine& live() { return live_; }

  // Pumps the io_context until the task has ended. Throws Interrupted.
  template <typename T>
  T wait(boost::asio::awaitable<T> task) {
    if (interrupted_) throw Interrupted{*interrupted_};
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
  struct Parts {
    cluster::NatsBinary nats;
    evidence::RunFolder folder;
    std::string run_id;
    fault::Journal journal;
    inject::Watchdog watchdog;
  };
  SuiteRun(SuiteOptions options, Parts parts);
  void watch_signals();

  SuiteOptions options_;
  cluster::NatsBinary nats_;
  evidence::RunFolder folder_;
  std::string run_id_;
  fault::Journal journal_;
  inject::Watchdog watchdog_;
  std::filesystem::path work_folder_;
  report::RunReport report_;
  LiveLine live_;
  boost::asio::io_context io_;
  boost::asio::signal_set signals_;
  std::optional<int> interrupted_;
};

}  // namespace squall::router_chaos

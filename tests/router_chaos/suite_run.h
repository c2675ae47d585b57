// One run of the controlled suite: the session with its options, its broker and its report.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/nats_binary.h"
#include "report/run_report.h"
#include "run/run_session.h"

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

using run::Interrupted;

class SuiteRun : public run::Session {
 public:
  // Makes the evidence folder and looks for the binaries. Errors: any of them is missing.
  static base::Result<std::unique_ptr<SuiteRun>> create(SuiteOptions options);
  ~SuiteRun();
  // The run that this process is; set by main.
  static SuiteRun& current();

  const SuiteOptions& options() const { return options_; }
  const cluster::NatsBinary& nats() const { return nats_; }
  report::RunReport& report() { return report_; }

 private:
  SuiteRun(SuiteOptions options, cluster::NatsBinary nats, run::Session::Parts parts);

  SuiteOptions options_;
  cluster::NatsBinary nats_;
  report::RunReport report_;
};

}  // namespace squall::router_chaos

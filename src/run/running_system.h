// The system of an experiment, running: its servers (started or attached), the streams and consumers that
// Squall makes there, its processes with who restarts them, and the probes that say whether it is
// operational.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cluster/deployment.h"
#include "cluster/port_reservation.h"
#include "experiment/experiment.h"
#include "probe/operational.h"
#include "run/control_link.h"
#include "run/made_streams.h"
#include "run/own_ends.h"
#include "run/process_slot.h"
#include "run/questions.h"
#include "run/run_session.h"
#include "run/shared_guard.h"
#include "run/system_links.h"

namespace squall::run {

// What a fault can strike, as it is now.
struct Victim {
  std::string name;  // "orders", "orders-2", "nats-1", "supervisor"
  process::ProcessTree tree;
  ProcessSlot* slot = nullptr;                   // of ours; null: attached, or a server
  cluster::Server* server = nullptr;             // null: a process
  const experiment::Process* process = nullptr;  // null: a server

  process::ProcessIdentity identity() const { return tree.root().identity; }
};

// Thread: the main one. Lifetime: the session and the experiment outlive it.
class RunningSystem {
 public:
  // The seed is the plan's: faults of links that strike with a probability draw from it.
  RunningSystem(Session& session, const experiment::Experiment& experiment, std::uint64_t seed);
  ~RunningSystem();

  // Starts all that the experiment says, in order: servers, streams, links, processes. Returns when every
  // process is ready and the probes are asked. Errors: what did not come up, with the last lines of its log.
  base::Result<void> start();
  // Ends what was started, the servers last. Errors: something of it still lives.
  void stop();

  // The processes or the server of that name, alive now. `replicas` as in fault::Step. Errors: there is none,
  // or more than the experiment allows.
  base::Result<std::vector<Victim>> resolve(const std::string& target, const std::vector<int>& replicas);
  // The attached processes of that name, as they are now.
  std::vector<process::ProcessIdentity> find(const experiment::Process& process,
                                             const experiment::AttachedProcess& attached) const;

  // ${…} of the run filled in. Errors: nobody knows one of them.
  base::Result<std::string> filled_in(const std::string& text) const { return fill_in(text, ""); }
  // Where commands and relative paths of the experiment begin.
  std::filesystem::path folder_of_commands() const;
  // "orders.created: no other publisher …", of attached servers; empty: Squall's own.
  const std::string& seen_of_others() const { return seen_of_others_; }

  // "orders 2 times (exit code 1)": ends that no fault was to cause; empty: none.
  std::string ends_by_themselves() const { return own_ends_.text(); }
  // What Squall made on attached servers, and could not take away again; empty: nothing.
  const std::string& left_made() const { return left_made_; }

  probe::Operational& probes() { return *operational_; }
  // Of a probe as the experiment calls it: a process's or a server's name stands for its own. Nothing: not
  // asked yet.
  std::optional<probe::Observation> last_answer(const std::string& probe) const;
  ControlLink& nats() { return *control_; }
  SystemLinks& links() { return *links_; }
  cluster::Deployment* deployment() { return deployment_.get(); }
  // nats-server's version, as the server says.
  const std::string& nats_version() const { return nats_version_; }
  // "orders: node 4711, 1 process", for people.
  std::vector<std::string> describe_processes() const;

  // A probe of the run's own (the backlog), and what each probe says. Before start().
  void watch(std::function<probe::Finding()> backlog, probe::Operational::OnObservation on_observation);

 private:
  struct LogWatch;
  void remove_made_streams();
  // Prepares what Squall starts, or looks at what is attached.
  base::Result<void> reach_servers();
  base::Result<void> start_servers();
  bool down_at_start() const;
  // Looks whether others use what is the experiment's, on servers that are not Squall's.
  base::Result<void> begin_guard();
  base::Result<void> conclude_guard();
  base::Result<void> make_streams();
  base::Result<void> start_processes();
  base::Result<void> start_process(const experiment::Process& process);
  base::Result<void> start_probes();
  base::Result<void> open_links();
  base::Result<void> wait_ready(const experiment::Process& process);
  base::Result<std::string> fill_in(const std::string& text, const std::string& own_process) const;
  std::optional<std::string> variable(const std::string& name, const std::string& own_process) const;
  std::optional<process::ProcessIdentity> identity_of(const std::string& name) const;
  std::optional<process::ProcessIdentity> attached_identity(const experiment::Process& process) const;
  base::Result<std::vector<Victim>> attached_victims(const experiment::Process& process) const;
  void event(evidence::EventKind kind, std::string what);

  Session& session_;
  const experiment::Experiment& experiment_;
  std::uint64_t seed_;
  bool wants_tls_ = false;  // the attached servers do
  std::unique_ptr<cluster::Deployment> deployment_;
  std::unique_ptr<ControlLink> control_;
  std::unique_ptr<SystemLinks> links_;
  std::string nats_version_;
  std::unique_ptr<SharedGuard> guard_;  // of attached servers, until the load begins
  std::string seen_of_others_;
  MadeStreams made_;
  std::string left_made_;
  OwnEnds own_ends_;
  std::map<std::string, cluster::PortReservation> health_ports_;
  std::map<std::string, std::vector<std::unique_ptr<ProcessSlot>>> slots_;  // by process, then by replica
  std::map<std::string, std::unique_ptr<LogWatch>> logs_;                   // by process
  // Attached ones as they were last seen: whoever only asks whether they live need not search for them.
  mutable std::map<std::string, std::vector<process::ProcessIdentity>> seen_;
  mutable base::Instant searched_at_{};
  std::unique_ptr<Asked> asked_;
  std::vector<std::unique_ptr<probe::Probe>> ready_questions_;
  std::unique_ptr<probe::Operational> operational_;
  std::function<probe::Finding()> backlog_;
  probe::Operational::OnObservation on_observation_;
};

}  // namespace squall::run

// The faults of fault::OnTarget: each kind is one file of this folder that implements Reversible, and one
// line in reversible.cpp. docs/adding-a-fault.md shows how.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "client/jetstream.h"
#include "cluster/server.h"
#include "fault/on_target.h"
#include "inject/injection.h"
#include "inject/safety.h"
#include "process/process_tree.h"

namespace squall::inject {

// A fault that is injected at most once. Thread: the main one. The destructor undoes what is still injected,
// as far as that needs no waiting; what needs it is in the journal.
class Reversible {
 public:
  Reversible() = default;
  virtual ~Reversible() = default;
  Reversible(const Reversible&) = delete;
  Reversible& operator=(const Reversible&) = delete;

  // Returns when the effect is seen, or is not until the deadline (then the trial proves nothing). Errors: it
  // could not be injected, and was not.
  virtual boost::asio::awaitable<base::Result<Injected>> inject(base::Instant deadline) = 0;
  // Returns when the undo is seen. Idempotent; nothing to do is a heal that took effect.
  virtual boost::asio::awaitable<base::Result<Healed>> heal(base::Instant deadline) = 0;
};

// What a fault may need of the run. Lifetime: all of it outlives the fault.
struct Surroundings {
  struct Target {
    std::string name;  // "orders-2"
    process::ProcessTree tree;
  };
  boost::asio::io_context& io;
  Safety safety;
  std::string fault_name;
  std::vector<Target> processes;      // of kinds that strike processes
  cluster::Server* server = nullptr;  // of kinds that strike servers
  // JetStream on the experiment's servers.
  std::function<boost::asio::awaitable<base::Result<client::JetStream>>(base::Instant)> jetstream = {};
  std::string run_id = {};                // that a command of the fault carries
  std::filesystem::path folder = {};      // where relative paths of commands begin
  std::filesystem::path log_folder = {};  // of what commands print
};

// Errors: no such kind, or what it needs is not there (a server, a process).
base::Result<std::unique_ptr<Reversible>> make_reversible(fault::OnTarget fault, Surroundings surroundings);
// Whether make_reversible() knows the kind. (`restart_loop` is the runner's: it kills again and again.)
bool is_reversible_kind(const std::string& kind);

// For the files of the kinds.
boost::asio::awaitable<void> wait_shortly(base::Nanos duration);
inline Healed nothing_to_heal(std::string why) {
  const base::Instant now = base::now();
  return {.healed_at = now, .effect_at = now, .observation = std::move(why)};
}
// A heal whose undo was seen, recorded in the journal, so that nobody undoes it again. Errors: it could not
// be.
base::Result<Healed> heal_seen(Safety& safety, std::uint64_t entry, Healed healed);
std::unique_ptr<Reversible> make_signal(fault::OnTarget fault, Surroundings around);
std::unique_ptr<Reversible> make_limit(fault::OnTarget fault, Surroundings around);
std::unique_ptr<Reversible> make_starve(fault::OnTarget fault, Surroundings around);
std::unique_ptr<Reversible> make_exec(fault::OnTarget fault, Surroundings around);
std::unique_ptr<Reversible> make_lame_duck(fault::OnTarget fault, Surroundings around);
std::unique_ptr<Reversible> make_reload(fault::OnTarget fault, Surroundings around);
std::unique_ptr<Reversible> make_restart_with(fault::OnTarget fault, Surroundings around);
std::unique_ptr<Reversible> make_slow_start(fault::OnTarget fault, Surroundings around);
std::unique_ptr<Reversible> make_purge(fault::OnTarget fault, Surroundings around);
std::unique_ptr<Reversible> make_delete_stream(fault::OnTarget fault, Surroundings around);
std::unique_ptr<Reversible> make_full(fault::OnTarget fault, Surroundings around);
std::unique_ptr<Reversible> make_pause_consumer(fault::OnTarget fault, Surroundings around);

}  // namespace squall::inject

// The kill: a signal that is meant to end a process. Its effect is that the process is gone, seen through its
// pidfd. Its heal is a restart, which belongs to the one who restarts (cluster::Server::start, a supervisor).
#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/clock.h"
#include "base/result.h"
#include "fault/fault.h"
#include "inject/injection.h"
#include "process/child.h"

namespace squall::inject {

// One process: a child of ours, a server's child, or one that the system named (a router's supervisor).
// Errors: it does not exist, or may not be signalled. Still alive at the deadline: no effect.
boost::asio::awaitable<base::Result<Injected>> kill_process(process::ProcessIdentity target, int signal,
                                                            base::Instant deadline);
// A child with all that it started. The effect is that no member of the tree lives.
boost::asio::awaitable<base::Result<Injected>> kill_tree(process::ProcessTree tree, int signal,
                                                         base::Instant deadline);
// What the root started, and not the root itself; or only the youngest of those. The effect is that none of
// those that were struck lives.
boost::asio::awaitable<base::Result<Injected>> kill_children(process::ProcessTree tree, bool only_youngest,
                                                             int signal, base::Instant deadline);

}  // namespace squall::inject

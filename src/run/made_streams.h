// The streams and consumers that the experiment says Squall makes.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "experiment/nats_section.h"
#include "run/control_link.h"

namespace squall::run {

// Those whose creation succeeded: nothing else is ever taken away.
struct MadeStreams {
  std::vector<std::string> streams;
  std::vector<std::pair<std::string, std::string>> consumers;  // stream, name

  bool empty() const { return streams.empty() && consumers.empty(); }
};

// Their description names the run. Errors: a stream or consumer of that name is there already, or the server
// refuses one; `made` then has those before it.
boost::asio::awaitable<base::Result<void>> make_streams(ControlLink& nats, const experiment::Nats& wanted,
                                                        const std::string& run_id, MadeStreams& made,
                                                        base::Instant deadline);

// Deletes them, with what they hold. Returns what could not be deleted and how to do it; empty: nothing.
boost::asio::awaitable<std::string> remove_streams(ControlLink& nats, MadeStreams made,
                                                   base::Instant deadline);

}  // namespace squall::run

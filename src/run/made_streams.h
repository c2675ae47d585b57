// The streams and consumers that the experiment says Squall makes.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/result.h"
#include "experiment/nats_section.h"
#include "run/control_link.h"

namespace squall::run {

// Errors: a stream of that name is there already, or the server refuses one.
boost::asio::awaitable<base::Result<void>> make_streams(ControlLink& nats, const experiment::Nats& wanted,
                                                        base::Instant deadline);

}  // namespace squall::run

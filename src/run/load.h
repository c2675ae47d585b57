// The experiment's workload section as the workload's options.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/result.h"
#include "experiment/workload_section.h"
#include "ledger/ledger_codec.h"
#include "run/control_link.h"
#include "workload/workload.h"

namespace squall::run {

struct LoadSettings {
  std::string key_prefix;  // of this run's identities: nobody else's are mistaken for ours
  bool shared = false;     // others' effects are stored in the same streams
  std::uint64_t seed = 1;
  ledger::Sink ledger_sink;
};

// Asks NATS for the streams of the effects that name none. Errors: samples that cannot be read or do not fit,
// a subject that no stream stores.
boost::asio::awaitable<base::Result<workload::WorkloadOptions>> workload_options(
    const experiment::WorkloadSpec& spec, LoadSettings settings, ControlLink& nats);

}  // namespace squall::run

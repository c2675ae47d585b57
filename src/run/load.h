// The experiment's workload section as the workload's options.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/result.h"
#include "experiment/nats_section.h"
#include "experiment/workload_section.h"
#include "ledger/ledger_codec.h"
#include "run/control_link.h"
#include "workload/input_source.h"
#include "workload/workload.h"

namespace squall::run {

struct LoadSettings {
  std::string key_prefix;  // of this run's identities: nobody else's are mistaken for ours
  bool shared = false;     // others' effects are stored in the same streams
  std::uint64_t seed = 1;
  ledger::Sink ledger_sink;
};

// What the load will send. Errors: samples that cannot be read or do not fit, without_effect that covers none
// of the inputs or all.
base::Result<workload::InputSource> inputs_of(const experiment::WorkloadSpec& spec,
                                              const LoadSettings& settings);

// How long effects must have stayed away in the drain where nobody says what still waits.
base::Nanos quiet_for(const std::vector<experiment::ConsumerSpec>& consumers);

// Asks NATS for the streams of the effects that name none. Errors: those of inputs_of(), a subject that no
// stream stores.
boost::asio::awaitable<base::Result<workload::WorkloadOptions>> workload_options(
    const experiment::WorkloadSpec& spec, LoadSettings settings, ControlLink& nats);

}  // namespace squall::run

// Where the inputs of a run are stored, who consumes them there, and what that stream promises to keep: what
// the causes of losses are judged by.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "experiment/experiment.h"
#include "ledger/circumstance.h"
#include "run/control_link.h"
#include "workload/final_scan.h"

namespace squall::run {

struct InputFacts {
  workload::InputStream stream;
  ledger::Contract contract;
};

// Nothing: inputs are not published to JetStream, or carry their identity nowhere where it could be found
// again. Errors: no stream stores them, or NATS does not say.
boost::asio::awaitable<base::Result<std::optional<InputFacts>>> find_input_facts(
    const experiment::Experiment& experiment, ControlLink& nats, base::Instant deadline);

// Where the identity of an input stands in its own message. Pure.
std::optional<workload::IdentityPlace> place_of_identity(const experiment::WorkloadSpec& workload);

// The one consumer whose deliveries can be told from others'; nothing: there is none, or several, which are
// each given every input.
std::optional<std::string> only_consumer(const InputFacts& facts);

// Whether a consumer with that configuration is one whose work the effects are: a durable one that gets the
// subject. Pure.
bool works_on(const nlohmann::json& consumer_config, std::string_view subject);

}  // namespace squall::run

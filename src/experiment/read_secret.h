// Secrets: fetched at the moment of use, and never printed.
#pragma once

#include <string>

#include "base/result.h"
#include "experiment/experiment.h"

namespace squall::experiment {

// The value from its variable, or the first line of its file. Errors name the place, never the value.
base::Result<std::string> read_secret(const Secret& secret);

// Values that the file took from the environment through ${env.NAME} are replaced by ${env.NAME}, wherever
// they occur: for whatever is printed or stored. Values below 4 characters stay (they would be found
// anywhere).
std::string redact(const Experiment& experiment, std::string text);

}  // namespace squall::experiment

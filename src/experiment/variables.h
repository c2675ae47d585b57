// ${…} in experiment files. Of the file: ${vars.NAME} and ${env.NAME} (or ${env.NAME:-default}), replaced
// when the file is read. Of the run: ${nats.url}, ${id} and the like, which stay in the text until somebody
// knows them. `$${` is a literal `${`.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace squall::experiment {

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// Which variables of the run a field may have.
enum class RunVariables {
  kNone,
  kSystem,  // nats.url, nats.link, link.NAME, run.id, run.folder, process.NAME.port
  kInput,   // id, number, time
};

// Those names, for messages and documents.
std::vector<std::string> names_of(RunVariables variables);
// Whether `name` is one of them ("link.slow" is one of "link.NAME").
bool is_run_variable(std::string_view name, RunVariables variables);

// Calls `lookup` for each variable of the text and puts its answer in its place; a variable for which it
// answers nothing stays as it is. Errors: "${" without "}", an empty name.
using Lookup = std::function<std::optional<std::string>(const std::string& name)>;
base::Result<std::string> replace_variables(std::string_view text, const Lookup& lookup);

// The last replacement, by whoever knows the run's variables: the same, but an unknown variable is an error,
// and `$${` becomes `${`.
base::Result<std::string> fill_in(std::string_view text, const Lookup& lookup);

// The subject with "x" for each variable: of which streams and patterns it is one.
std::string example_of(const std::string& subject);

}  // namespace squall::experiment

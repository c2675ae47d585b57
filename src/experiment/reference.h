// Documents that come from the parser's own tables: the JSON Schema, the reference page, and the words of
// `squall explain`.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "fault/fault_kind.h"

namespace squall::experiment {

// JSON Schema (2020-12) of experiment files, for editors.
nlohmann::json experiment_schema();
// docs/experiment-reference.md.
std::string reference_page();
// What `squall explain kill` prints.
std::string explain(const fault::KindDoc& kind);
// One line for each kind.
std::string list_of_kinds();

}  // namespace squall::experiment

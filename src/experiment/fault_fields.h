// The fields of a kind of fault (fault::KindDoc) as an experiment file writes them: read into the fault's
// JSON, and as JSON Schema.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "experiment/reading.h"
#include "fault/fault_kind.h"

namespace squall::experiment {

// Reads the target and every field of the kind from the mapping; other fields are not its affair.
void read_kind_fields(Reading& reading, const Node& node, const std::string& field,
                      const fault::KindDoc& kind, nlohmann::json& body);

// `common`: the schema of the fields that every fault has.
nlohmann::json kind_schema(const fault::KindDoc& kind, nlohmann::json common);

// "duration", "one of tree, process"; for documents.
std::string type_of(const fault::FieldDoc& field);

}  // namespace squall::experiment

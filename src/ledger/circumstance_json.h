// Circumstances as JSON objects: in the ledger's frames (they are rare) and as lines for people. One list of
// fields per record serves both directions. Not for other folders.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/result.h"
#include "ledger/circumstance.h"

namespace squall::ledger {

// "fault_struck" and the like, as in the field `record`.
std::string_view name_of(const Circumstance& circumstance);
base::Instant at_of(const Circumstance& circumstance);

// Adds the fields but for the instant.
void put_fields(nlohmann::ordered_json& json, const Circumstance& circumstance);
// The record called `name`, at that instant. Errors: no such record, or fields that are no such thing.
base::Result<Circumstance> parse_circumstance(const nlohmann::json& json, base::Instant at);

}  // namespace squall::ledger

// `router status`: the tree of a running router as a table, taken from its /state and /readyz.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"

namespace router::cli {

// Prints the table; the value is the exit code: 0 ready, 1 not (or no router there).
int print_status(const std::string& run_dir);

// The table alone. Pure. Errors: the answers are not those of a router.
squall::base::Result<std::string> status_table(const nlohmann::json& state, const nlohmann::json& readiness);

}  // namespace router::cli

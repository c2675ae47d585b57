// What the ledger no longer knew of the verdicts' examples, read back from its file.
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "check/verdict.h"

namespace squall::run {

// After the last record was flushed. Reads nothing if no example lacks anything. Errors: the file cannot be
// read; the examples then say where the rest is.
base::Result<void> read_back_examples(std::vector<check::Verdict>& checks, const std::filesystem::path& file);

}  // namespace squall::run

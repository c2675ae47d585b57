// SHA256SUMS of a folder, in the form that `sha256sum -c` reads. It shows damage; whoever can change a file
// can change its checksum too.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace squall::evidence {

inline constexpr const char* kSealName = "SHA256SUMS";

// In hex. Errors: cannot be read.
base::Result<std::string> sha256_of_file(const std::filesystem::path& file);

// A line for every regular file under the folder but the seal itself, by name.
base::Result<std::string> checksum_lines(const std::filesystem::path& folder);

// The files that differ from the seal, are missing, or are not in it; empty: whole.
// Errors: there is no seal, or it cannot be read.
base::Result<std::vector<std::string>> verify_seal(const std::filesystem::path& folder);

}  // namespace squall::evidence

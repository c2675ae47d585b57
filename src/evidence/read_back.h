// Reads the folder of a run, also of one that was killed: a torn last line is normal, and skipped.
// Whether the folder is still what it was: seal.h.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "evidence/timeline.h"

namespace squall::evidence {

struct Timeline {
  std::vector<TimelineEntry> entries;  // by time; those of one instant in the order written
  std::size_t unreadable_lines = 0;
};

base::Result<Timeline> read_timeline(const std::filesystem::path& run_folder);
base::Result<nlohmann::json> read_manifest(const std::filesystem::path& run_folder);
// A whole file, as bytes.
base::Result<std::string> read_file(const std::filesystem::path& file);
// A file of any size, in pieces of 1 MiB. Errors: it cannot be read, or those of `take`.
base::Result<void> read_pieces(const std::filesystem::path& file,
                               const std::function<base::Result<void>(std::string_view piece)>& take);

}  // namespace squall::evidence

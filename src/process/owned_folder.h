// A folder that lives as long as its process. One whose process was killed is removed by the next of its
// kind.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace squall::process {

// <parent>/<prefix><pid>-<start of the process>, for this user only; made if it is not there. Removes what
// dead processes of this user left beside it. The caller removes it at its end. Errors: it cannot be made, or
// is somebody else's.
base::Result<std::filesystem::path> make_owned_folder(const std::filesystem::path& parent,
                                                      std::string_view prefix);

}  // namespace squall::process

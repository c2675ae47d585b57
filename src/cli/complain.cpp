#include "cli/complain.h"

#include <cstdio>

namespace squall::cli {

int complain(ExitCode code, const base::Error& error) {
  std::fprintf(stderr, "squall: %s\n", error.message().c_str());
  return code;
}

}  // namespace squall::cli

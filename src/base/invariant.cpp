#include "base/invariant.h"

#include <cstdio>
#include <cstdlib>

namespace squall::base {

void invariant_broken(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "squall: internal error: %s does not hold at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace squall::base

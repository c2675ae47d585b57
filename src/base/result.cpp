#include "base/result.h"

#include <system_error>

namespace squall::base {

std::unexpected<Error> fail_errno(std::string_view what, int error_number) {
  return fail("{}: {}", what, std::generic_category().message(error_number));
}

}  // namespace squall::base

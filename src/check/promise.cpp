#include "check/promise.h"

namespace squall::check {

std::string_view to_string(Promise promise) {
  switch (promise) {
    case Promise::at_most_once:
      return "at-most-once";
    case Promise::at_least_once:
      return "at-least-once";
    case Promise::exactly_once:
      break;
  }
  return "exactly-once";
}

}  // namespace squall::check

#include "probe/answer.h"

namespace squall::probe {

std::string_view name_of(Answer answer) {
  switch (answer) {
    case Answer::kUnknown:
      return "unknown";
    case Answer::kRed:
      return "red";
    case Answer::kGreen:
      return "green";
  }
  return "?";
}

}  // namespace squall::probe

#include "client/outcome.h"

#include <algorithm>
#include <array>

namespace squall::client {
namespace {

// Refusals that say nothing certain about the message.
constexpr std::array kOpenRefusals{
    10077,  // the store failed while writing: the record may still be there after a restart
    10158,  // the same message id is being stored for an earlier publish, whose fate is not known yet
};

OutcomeClass classify_refusal(int number) {
  const bool open = std::find(kOpenRefusals.begin(), kOpenRefusals.end(), number) != kOpenRefusals.end();
  return open ? OutcomeClass::kUnknown : OutcomeClass::kFailed;
}

}  // namespace

OutcomeClass classify(const OperationError& error) {
  switch (error.kind) {
    case ErrorKind::kNotSent:
    case ErrorKind::kTooLarge:
    case ErrorKind::kBufferFull:
    case ErrorKind::kNoResponders:
      return OutcomeClass::kFailed;
    case ErrorKind::kRefused:
      return classify_refusal(error.number);
    case ErrorKind::kTimedOut:
    case ErrorKind::kConnectionLost:
    case ErrorKind::kBadReply:
      return OutcomeClass::kUnknown;
  }
  return OutcomeClass::kUnknown;
}

std::string_view name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kNotSent:
      return "not_sent";
    case ErrorKind::kTooLarge:
      return "too_large";
    case ErrorKind::kBufferFull:
      return "buffer_full";
    case ErrorKind::kNoResponders:
      return "no_responders";
    case ErrorKind::kRefused:
      return "refused";
    case ErrorKind::kTimedOut:
      return "timed_out";
    case ErrorKind::kConnectionLost:
      return "connection_lost";
    case ErrorKind::kBadReply:
      return "bad_reply";
  }
  return "unknown";
}

std::string OperationError::message() const {
  std::string whole = text.empty() ? std::string(name_of(kind)) : text;
  if (number != 0) {
    whole += fmt::format(" ({}, err_code {})", code, number);
  } else if (code != 0) {
    whole += fmt::format(" ({})", code);
  }
  return whole;
}

PublishOutcome publish_outcome(OperationError error) {
  if (classify(error) == OutcomeClass::kFailed) return Failed{std::move(error)};
  return Unknown{std::move(error)};
}

}  // namespace squall::client

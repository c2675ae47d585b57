// How an operation on the system under test ended: ok, failed (it had no effect and never will) or unknown
// (it may have, or may yet). One table decides which (outcome.cpp); nothing else in the tool does.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace squall::client {

enum class ErrorKind {
  kNotSent,         // the connection was not open, or was lost before the write was handed over
  kTooLarge,        // more than the server's max_payload; not sent
  kBufferFull,      // more than max_pending_bytes wait to be written; not sent
  kNoResponders,    // 503: nobody listens on that subject (a stream that is not there, or not yet)
  kRefused,         // JetStream answered with an error: `code` and `number` are its own
  kTimedOut,        // the caller's deadline passed without an answer
  kConnectionLost,  // the connection went after the write was handed over
  kBadReply,        // an answer that proves nothing: no JSON, or no error and sequence 0
};

// "no_responders", as in the ledger.
std::string_view name_of(ErrorKind kind);

struct OperationError {
  ErrorKind kind = ErrorKind::kNotSent;
  int code = 0;    // 503, 404 …; 0: none
  int number = 0;  // NATS's err_code, 10059 …; 0: none
  std::string text;

  // "stream not found (404, err_code 10059)".
  std::string message() const;
  base::Error as_error() const { return base::Error(message()); }
};

enum class OutcomeClass { kOk, kFailed, kUnknown };
// The table. A refusal is a failure, but for those that leave the message's fate open.
OutcomeClass classify(const OperationError& error);

// An operation that has a value when it is ok.
template <typename T>
using Outcome = std::expected<T, OperationError>;

struct Acknowledged {
  std::string stream;
  std::uint64_t seq = 0;   // above 0
  bool duplicate = false;  // the stream had this message id already: `seq` is the first one's
};
// It is not stored and never will be.
struct Failed {
  OperationError error;
};
// It may be stored, now or later.
struct Unknown {
  OperationError error;
};
using PublishOutcome = std::variant<Acknowledged, Failed, Unknown>;

// Failed or Unknown, by the table.
PublishOutcome publish_outcome(OperationError error);

}  // namespace squall::client

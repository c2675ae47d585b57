// The operations of one connection that wait for an answer: each has a slot, named by a token in its reply
// subject, and a deadline. Pure: it knows no socket and no clock. Every operation that is added ends exactly
// once, by finish(), expire() or fail_all().
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "client/connection.h"
#include "client/outcome.h"

namespace squall::client {

// A publish's answer is read here; a request's goes to its caller as it is.
using OperationCallback = std::variant<Connection::PublishCompletion, Connection::RequestCompletion>;

// Calls it with the answer, by what kind it is.
void complete(OperationCallback& callback, const MessageView& answer);
void complete(OperationCallback& callback, OperationError error);

class OperationTable {
 public:
  // Names a slot and its use: an answer that comes after the slot was used anew is told apart.
  using Token = std::uint64_t;
  static constexpr std::size_t kTokenSize = 11;

  // `begins_at` is where its bytes begin in the connection's output.
  Token add(OperationCallback callback, base::Instant deadline, std::uint64_t begins_at);

  // False: nobody waits for it any more.
  bool finish(Token token, const MessageView& answer);
  // Ends those whose deadline is not after `now` with kTimedOut.
  void expire(base::Instant now);
  // Ends all. What began at or after `handed_over` was never sent (kNotSent); the rest is kConnectionLost.
  void fail_all(std::uint64_t handed_over, std::string_view why);

  std::size_t size() const { return used_; }
  // No operation's deadline is before this instant; nothing when there is none.
  std::optional<base::Instant> earliest() const;

  // A token's 11 characters, written to and read from subjects.
  static void write_token(Token token, char* out);
  static std::optional<Token> read_token(std::string_view text);

 private:
  struct Slot {
    OperationCallback callback;
    base::Instant deadline{};
    std::uint64_t begins_at = 0;
    std::uint32_t generation = 0;
    bool used = false;
  };

  OperationCallback release(std::uint32_t index);

  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::size_t used_ = 0;
  base::Instant earliest_ = base::Instant::max();
};

}  // namespace squall::client

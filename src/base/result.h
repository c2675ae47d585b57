// What can go wrong, as a value. Every fallible function of the project returns base::Result<T>; exceptions
// of third-party libraries are caught at one boundary per folder and turned into an Error there.
//
// A failed operation on the system under test is NOT an Error: it is an outcome (see ledger/).
#pragma once

#include <fmt/format.h>

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace squall::base {

// A sentence for the user: what is wrong, where, and if possible what to do. Callers add context in front
// as the error travels up ("cannot start nats-1: port 4222 is in use by nats-server (pid 812)").
class Error {
 public:
  explicit Error(std::string message) : message_(std::move(message)) {}

  const std::string& message() const { return message_; }

  // The same error with what was being attempted in front.
  [[nodiscard]] Error within(std::string_view context) const {
    return Error(fmt::format("{}: {}", context, message_));
  }

 private:
  std::string message_;
};

template <typename T>
using Result = std::expected<T, Error>;

// `return fail("no such stream {}", name);` from a function that returns any Result.
template <typename... Args>
[[nodiscard]] std::unexpected<Error> fail(fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(Error(fmt::format(format, std::forward<Args>(args)...)));
}

// Passes an error on with context: `if (!port) return fail_within("cannot start nats-1", port.error());`
[[nodiscard]] inline std::unexpected<Error> fail_within(std::string_view context, const Error& error) {
  return std::unexpected(error.within(context));
}

// "cannot open /x: Permission denied", from an errno value taken right after the failed call.
[[nodiscard]] std::unexpected<Error> fail_errno(std::string_view what, int error_number);

}  // namespace squall::base

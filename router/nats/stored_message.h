// Reading a stored message back.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>

#include "router/nats/request_mux.h"

namespace router::nats {

struct StoredMessage {
  std::string subject;
  std::uint64_t sequence = 0;
  std::string payload;
};

enum class NotRead { absent, unavailable };
using StoredAnswer = std::expected<StoredMessage, NotRead>;

// The last message of a subject in a stream. `done` is called once, on the loop.
void read_last_of_subject(RequestMux& requests, const std::string& stream, const std::string& subject,
                          base::Nanos timeout, std::move_only_function<void(StoredAnswer)> done);

// What an answer of STREAM.MSG.GET says.
StoredAnswer stored_in(const Answer& answer);

}  // namespace router::nats

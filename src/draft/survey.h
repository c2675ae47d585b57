// Looks at a server that somebody else runs, and only looks: which streams have the subjects, who consumes
// the input, and what the latest messages look like.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "client/jetstream.h"

namespace squall::draft {

struct Survey {
  client::StreamStatus in;
  client::StreamStatus out;
  // Those that the input is for: their filter lets it through.
  std::vector<client::ConsumerStatus> consumers;
  std::vector<std::string> inputs;   // payloads, the latest last
  std::vector<std::string> effects;  // of the output's subject and of those below it
};

struct Subjects {
  std::string input;
  std::string output;
  int messages = 40;  // of each are read; 0: none
};
// Errors: no stream has the subject, or the server does not answer; they name the subject.
boost::asio::awaitable<base::Result<Survey>> survey(client::JetStream jetstream, Subjects subjects,
                                                    base::Instant deadline);

// How long a message that nobody acks waits until it is delivered again.
base::Nanos first_wait(const client::ConsumerStatus& consumer);
// Somebody has a pull open on it, or its push is bound.
bool is_served(const client::ConsumerStatus& consumer);
// "R3, file, limits".
std::string describe(const client::StreamStatus& stream);
// "pull, ack_wait 30s, max_deliver -1".
std::string describe(const client::ConsumerStatus& consumer);

}  // namespace squall::draft

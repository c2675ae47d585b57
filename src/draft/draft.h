// An experiment that `squall init` has drafted, and how it is written: 30 lines that its reader goes on with.
// What was not found stands there as TODO, which `squall validate` refuses with its place. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "draft/sample.h"
#include "experiment/nats_section.h"

namespace squall::draft {

struct Draft {
  // The service dials a link of Squall's: then it can be struck at its acks, and cut off. Not over TLS.
  bool through_link = true;
  std::string process;  // "orders"; the experiment is called orders-kill
  std::vector<std::string> command;
  std::string folder;  // of the command; empty: the experiment file's
  // Started by Squall, with what it makes there; or attached.
  experiment::Nats nats;
  std::string server;                         // "nats-server 2.11.4", for the comment
  std::vector<std::string> hosts_to_confirm;  // not on this machine
  std::string input;                          // subject
  std::string output;
  std::optional<std::string> output_stream;  // where more than one stream would do
  std::string stream;                        // of the input's consumer; empty: not found
  std::string consumer;
  std::vector<std::string> candidates;  // where more than one consumer could be the service's
  bool ready_by_consumer = true;        // false: it has none, or one without a lasting name
  std::string sample;                   // payload; empty: none was found
  std::optional<Match> match;
  int per_input = 1;                    // effects that came of one message
  double rate = 200;                    // a second
  std::optional<base::Nanos> ack_wait;  // of the consumer, or its first backoff
};

std::string to_yaml(const Draft& draft);

// "orders" of orders.created; letters, digits, - and _.
std::string process_name_for(const std::string& subject);
// "ORDERS_CREATED" of orders.created.
std::string stream_name_for(const std::string& subject);

}  // namespace squall::draft

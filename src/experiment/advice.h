// Advice: what makes an expectation unreachable, or a loss likely, with the arithmetic. Pure functions over
// what is known; `squall validate` knows what the file says, `squall init` and preflight what the server
// says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "experiment/experiment.h"
#include "experiment/reading.h"

namespace squall::experiment {

// What is known of the system. Nothing known of a thing: no advice about it.
struct KnownConsumer {
  std::string name;  // "ORDERS/worker"
  std::optional<base::Nanos> ack_wait;
  std::optional<int> max_deliver;        // -1: no limit
  std::vector<base::Nanos> backoff;      // overrides ack_wait: the first wait is the first of these
  std::optional<bool> has_dead_letters;  // whether somebody takes what is given up
};

struct KnownStream {
  std::string name;
  int replicas = 1;
  bool is_file = true;
  std::optional<base::Nanos> duplicate_window;
};

struct KnownClient {
  std::string name;
  std::optional<base::Nanos> reconnect_wait;
  std::optional<int> max_reconnects;  // -1: for ever
};

struct Known {
  std::vector<KnownConsumer> consumers;  // of the input, by those who are struck
  std::vector<KnownStream> inputs;       // streams of the input
  std::vector<KnownStream> outputs;      // streams of the effects
  std::vector<KnownClient> clients;
  std::optional<std::string> sync_interval;  // of servers of Squall's own; "" is the default, 2 minutes
};

struct Advice {
  enum class About { kAckWait, kReconnect, kGivesUp, kSync, kMaxDeliver, kDuplicateWindow, kTrials };
  About about{};
  std::string field;  // of the experiment, where it matters: "expect.caught_up"
  std::string text;
};

// In the order of their weight: what cannot be reached first.
std::vector<Advice> advise(const Experiment& experiment, const Known& known);

// What the file itself says of the streams, consumers and servers that Squall makes.
Known known_from(const Experiment& experiment);

// The floor of caught_up after a kill of whoever holds messages; nothing when no consumer is known.
std::optional<base::Nanos> floor_of_caught_up(const Known& known);
// The longest time that a server is away by a fault of this experiment.
base::Nanos longest_outage(const Experiment& experiment);

// "orders.yaml:31:14: expect.caught_up: warning: …", one per line.
std::string to_text(const std::vector<Advice>& advice, const Places& places, const std::string& file);

}  // namespace squall::experiment

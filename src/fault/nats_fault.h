// Faults that speak NATS, as plain data: which frames of a link are struck, how often, and what becomes of
// them. Presets with names (ack_delay, puback_drop, …) are in nats_presets.h; what each does to a client is
// in docs/faults.md; who applies them is proxy/nats_rules.h.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "wire/frame.h"

namespace squall::fault {

// What a frame means. A verb alone does not say: a PubAck and a JetStream delivery are both a MSG.
enum class NatsKind {
  kPublish,      // PUB to a subject of the application's
  kPull,         // PUB to $JS.API.CONSUMER.MSG.NEXT
  kApiRequest,   // PUB to any other subject of $JS.API
  kAck,          // +ACK, +NXT
  kNak,          //
  kProgress,     // +WPI
  kTerm,         //
  kPubAck,       // MSG: a stream's answer to a publish; an error is one, too
  kAnswer,       // MSG: any other answer to a request
  kDelivery,     // MSG: a message of a consumer
  kStatus,       // MSG without payload that says a status: no messages, time-out, heartbeat, flow control
  kMessage,      // MSG: any other
  kSubscribe,    //
  kUnsubscribe,  //
  kPing,         //
  kPong,         //
  kInfo,         //
  kConnect,      //
  kOk,           //
  kError,        //
  kConnection,   // no frame: the connection itself, see NatsMatch::new_connections
};
std::string_view name_of(NatsKind kind);  // "pub_ack"
std::optional<NatsKind> nats_kind(std::string_view name);

// Every criterion that is set must hold. `*` in client, stream and consumer stands for any characters.
struct NatsMatch {
  std::vector<NatsKind> kinds;     // empty: any frame
  std::vector<std::string> verbs;  // "PUB" (HPUB, too), "HPUB", "MSG" (HMSG, too), "SUB", …; empty: any
  // A pattern with NATS's wildcards. For answers, PubAcks and acks it is the subject of what they answer.
  std::string subject;
  std::optional<wire::Sender> sender;        // kClient is "upstream" in JSON, kServer "downstream"
  std::string client;                        // the name in CONNECT
  std::string stream;                        // of an ack, a delivery, a PubAck, a pull or an API request
  std::string consumer;                      //
  std::optional<std::uint64_t> connection;   // its number on the link, from 1
  std::optional<std::uint64_t> larger_than;  // bytes of headers and payload
  // Also what is exchanged before the connection is established (INFO, CONNECT, first PING and PONG).
  bool handshake = false;
  // kConnection strikes the connections that live when the fault begins; with this, later ones as well, each
  // when it is established.
  bool new_connections = false;

  bool operator==(const NatsMatch&) const = default;
};

// Of the frames that match, which are struck. Counted per link, over all its connections.
struct NatsLimit {
  std::uint64_t from = 1;              // the first matching frame that may be struck
  std::uint64_t every = 1;             // then each n-th
  std::optional<std::uint64_t> count;  // at most so many are struck
  // Of each frame: a pure function of the seed, the link, the connection, the direction and the frame's
  // number.
  double probability = 1;

  bool operator==(const NatsLimit&) const = default;
};

// The frame passes later. Frames that are not struck overtake it; struck ones keep their order.
struct NatsDelay {
  base::Nanos delay{};
  base::Nanos jitter{};  // plus or minus, uniform, from the seed
  bool operator==(const NatsDelay&) const = default;
};
struct NatsDrop {
  bool operator==(const NatsDrop&) const = default;
};
struct NatsDuplicate {
  std::uint64_t copies = 1;  // besides the frame itself
  bool operator==(const NatsDuplicate&) const = default;
};
// The frame passes after the next struck one of its connection and direction, or after `within` at the
// latest.
struct NatsReorder {
  base::Nanos within = std::chrono::seconds{1};
  bool operator==(const NatsReorder&) const = default;
};
// The frame passes when the fault is removed.
struct NatsHold {
  bool operator==(const NatsHold&) const = default;
};
// Bits of the payload are flipped at places that the seed chooses; sizes stay.
struct NatsCorrupt {
  std::uint64_t bytes = 1;
  bool operator==(const NatsCorrupt&) const = default;
};
// The client gets -ERR instead of what it asked for: the frame is dropped.
struct NatsSayError {
  std::string text;  // without quotes around it; "{subject}" is replaced by the frame's subject
  bool disconnect = false;
  bool operator==(const NatsSayError&) const = default;
};
struct NatsDisconnect {
  bool reset = false;  // RST instead of FIN
  bool operator==(const NatsDisconnect&) const = default;
};
// Nothing more is read from that side of the connection until the fault is removed. What kClient sends then
// fills its own buffers; what kServer has for the client fills the server's, until it calls it a slow
// consumer.
struct NatsStopReading {
  wire::Sender side = wire::Sender::kServer;
  bool operator==(const NatsStopReading&) const = default;
};
// An ack becomes a -NAK.
struct NatsNakInstead {
  base::Nanos delay{};  // what the -NAK asks for
  bool operator==(const NatsNakInstead&) const = default;
};
// A request is dropped and answered with a 503, as by a server on which nobody listens.
struct NatsNoResponders {
  bool operator==(const NatsNoResponders&) const = default;
};
// A message's payload (and its headers) is replaced.
struct NatsReplaceAnswer {
  std::string payload;
  int status = 0;  // a header block of that status; 0: none
  bool operator==(const NatsReplaceAnswer&) const = default;
};

using NatsAction =
    std::variant<NatsDelay, NatsDrop, NatsDuplicate, NatsReorder, NatsHold, NatsCorrupt, NatsSayError,
                 NatsDisconnect, NatsStopReading, NatsNakInstead, NatsNoResponders, NatsReplaceAnswer>;

struct NatsFault {
  std::string name;  // unique on its link
  NatsMatch match;
  NatsLimit limit;
  NatsAction action;

  bool operator==(const NatsFault&) const = default;
};

std::string_view kind_of(const NatsAction& action);  // "delay", "say_error", … as in JSON
// "delay by 300 ms: ack of ORDERS/worker, each 2nd, at most 5"
std::string describe(const NatsFault& fault);

// Errors: what can never strike (an empty or invalid pattern, a count of 0, a probability outside (0, 1]), or
// an action that does not fit what is matched (a -NAK instead of something that is no ack).
base::Result<void> validate(const NatsFault& fault);

// JSON: {"name": "late-acks", "match": {"kinds": ["ack"], "stream": "ORDERS", "consumer": "worker"}, "limit":
// {"every": 2}, "delay": {"delay_ms": 300}}; or a preset: {"name": "late-acks", "preset": "ack_delay",
// "stream": "ORDERS", "delay_ms": 300}. What is written is always the former. Errors name the field; unknown
// fields are errors; what is read is valid.
nlohmann::json to_json(const NatsFault& fault);
base::Result<NatsFault> nats_fault_from_json(const nlohmann::json& json);

}  // namespace squall::fault

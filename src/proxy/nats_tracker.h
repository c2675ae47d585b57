// What the frames of one connection mean. A verb does not say it: a PubAck is a MSG on an inbox, and only the
// publish that came before tells which; a JetStream delivery is a MSG whose reply is an ack subject. The
// tracker sees each frame of both directions and remembers what later frames need, in bounded memory: what it
// has forgotten it recognises by its content where it can. Sans-IO.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "fault/nats_fault.h"
#include "wire/frame.h"
#include "wire/jetstream_wire.h"

namespace squall::proxy {

// What one frame means. The views point into the frame or into the tracker, and live until its next see().
struct Sighting {
  fault::NatsKind kind{};
  std::string_view subject;  // as it stands in the frame
  std::string_view about;    // the subject of what an answer, a PubAck or an ack answers; empty: not known
  std::string_view reply;
  std::string_view stream;
  std::string_view consumer;
  std::uint64_t stream_seq = 0;  // of an ack, a delivery, a PubAck
  std::uint64_t delivered = 0;   // of an ack, a delivery: 1 at the first
  std::size_t size = 0;          // headers and payload
};

// A map of texts with a bound: when it is full, the older half is forgotten.
class FadingMap {
 public:
  explicit FadingMap(std::size_t most) : half_(most / 2) {}

  void put(std::string_view key, std::string_view value);
  // Nothing when it is not there, or no longer. The view lives until the next put() or take().
  std::optional<std::string_view> find(std::string_view key) const;
  // The same, and forgets it; the text is moved to `into`.
  bool take(std::string_view key, std::string& into);
  std::size_t size() const { return young_.size() + old_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Map = std::unordered_map<std::string, std::string, Hash, std::equal_to<>>;

  std::size_t half_;
  Map young_;
  Map old_;
};

class NatsTracker {
 public:
  // What is remembered costs time for each message, so it is done only while somebody asks for it.
  struct Needs {
    bool answers = false;     // of which publish or request is this the answer?
    bool deliveries = false;  // of which message is this the ack?
    bool operator==(const Needs&) const = default;
  };

  void need(Needs needs) { needs_ = needs; }
  // In the order in which the frames came, each once.
  Sighting see(wire::Sender sender, const wire::Frame& frame);
  // The same without saying what it means, for when nobody asks: only what must be remembered all the same.
  void pass(wire::Sender sender, const wire::Frame& frame);

  // The handshake is over: the server has answered the client's first PING, or the client went on without
  // one.
  bool established() const { return established_; }
  const std::string& client_name() const { return client_name_; }
  // The client can be sent headers (and the 503 of no responders with them).
  bool takes_headers() const { return takes_headers_; }
  // The subscription that gets a message of that subject; nothing when there is none.
  std::optional<std::string_view> sid_for(std::string_view subject) const;
  std::size_t subscriptions() const { return subscriptions_.size(); }
  std::size_t pending() const { return publishes_.size() + requests_.size(); }

 private:
  struct Subscription {
    std::string subject;
    std::uint64_t left = 0;  // messages until it ends by itself; 0: it does not
  };
  struct See;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  void subscribe(const wire::Sub& sub);
  void unsubscribe(const wire::Unsub& unsub);
  void delivered_to(std::string_view sid);
  Sighting see_publish(const wire::Pub& pub);
  Sighting see_message(const wire::Msg& msg);
  bool is_answer(const wire::Msg& msg, Sighting& sighting);

  Needs needs_;
  bool established_ = false;
  bool takes_headers_ = false;
  std::string client_name_;
  std::unordered_map<std::string, Subscription, Hash, std::equal_to<>> subscriptions_;
  std::size_t ending_ = 0;           // subscriptions with `left`
  FadingMap publishes_{64 * 1024};   // reply inbox → subject
  FadingMap requests_{4 * 1024};     // reply inbox → API subject
  FadingMap deliveries_{64 * 1024};  // ack subject → subject
  std::string about_;                // what the last sighting's `about` points to
  wire::PubAck pub_ack_;             // what its `stream` may point to
};

}  // namespace squall::proxy

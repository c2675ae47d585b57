// The frames of the NATS client protocol as values. A frame is made of views: whoever parsed it says how
// long the bytes behind them live. Start here, then frame_parser.h (bytes → frames) and frame_writer.h
// (frames → bytes). Nothing in wire/ knows sockets, clocks or threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

namespace squall::wire {

// Server → client: what the server is; also sent again when its topology changes or it enters lame duck.
struct Info {
  std::string_view json;
  bool operator==(const Info&) const = default;
};

// Client → server: who the client is and how it wants to talk.
struct Connect {
  std::string_view json;
  bool operator==(const Connect&) const = default;
};

// PUB, or HPUB when `headers` is not empty.
struct Pub {
  std::string_view subject;
  std::string_view reply;    // empty: none
  std::string_view headers;  // the whole block, "NATS/1.0" to the empty line, or empty
  std::string_view payload;
  bool operator==(const Pub&) const = default;
};

struct Sub {
  std::string_view subject;
  std::string_view queue;  // empty: none
  std::string_view sid;    // the client's name for this subscription; servers treat it as text
  bool operator==(const Sub&) const = default;
};

struct Unsub {
  std::string_view sid;
  std::optional<std::uint64_t> max_messages;  // absent: at once
  bool operator==(const Unsub&) const = default;
};

// MSG, or HMSG when `headers` is not empty.
struct Msg {
  std::string_view subject;
  std::string_view sid;
  std::string_view reply;    // empty: none
  std::string_view headers;  // as in Pub
  std::string_view payload;
  bool operator==(const Msg&) const = default;
};

struct Ping {
  bool operator==(const Ping&) const = default;
};
struct Pong {
  bool operator==(const Pong&) const = default;
};
struct Ok {
  bool operator==(const Ok&) const = default;
};

// -ERR. `text` comes without the quotes around it: "Unknown Protocol Operation".
struct Err {
  std::string_view text;
  bool operator==(const Err&) const = default;
};

using Frame = std::variant<Info, Connect, Pub, Sub, Unsub, Msg, Ping, Pong, Ok, Err>;

// Who wrote the bytes: the two directions have different verbs.
enum class Sender { kServer, kClient };

// "HPUB", "MSG", …, as written.
std::string_view verb_name(const Frame& frame);

// Whether the server keeps the connection open after this -ERR (a permission, a pedantic subject check).
// Every other one is the last thing that the connection carries.
bool is_fatal(const Err& error);

}  // namespace squall::wire

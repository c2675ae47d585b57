// What counts as an effect of an input, and where it is seen: as plain options. One source is one stage of
// the ledger.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "client/jetstream.h"
#include "workload/identity.h"

namespace squall::workload {

// As stored in a stream. It is read without touching anybody's consumers: by an ephemeral consumer of our own
// where messages are kept by limits, else message by message. On work queues and interest streams others may
// take a message away before we have read it; that is noticed by its missing sequence and said as a doubt,
// since what we did not see is neither there nor lost.
struct StoredEffects {
  std::string stream;
  std::string filter_subject;  // empty: every subject of the stream
  IdentityPlace match;
  // Instead of `match`: the input's key out of a stored message; nothing if it is no effect of ours. Runs on
  // the workload's thread.
  std::function<std::optional<std::string>(const client::StoredMessage&)> key_of;
  // Which subjects of the stream are effects; null: all. An effect without an identity is a doubt.
  std::function<bool(std::string_view subject)> is_effect;
  std::uint64_t first_seq = 1;  // what was stored before it is not looked at
  bool shared = false;  // others' effects are stored there, too: identities of another run are left out
  // Where the part of the input that the system hands through stands in its effect (a JSON pointer; "": the
  // whole payload). It is compared with PublisherOptions::carried. Nothing: not compared.
  std::optional<std::string> carried;
};

// The reply to a request.
struct ReplyEffects {
  std::optional<IdentityPlace> match;  // nothing: a reply is its request's
};

// What a command prints: one identity a line, of all effects that there are now; the same line twice is two
// effects. For effects in a database. It runs without a shell, in a session of its own.
struct CommandEffects {
  std::vector<std::string> command;
  base::Nanos every = std::chrono::seconds(1);
  base::Nanos deadline = std::chrono::seconds(10);  // then its whole group gets SIGKILL
};

struct EffectSource {
  std::string stage;            // "confirmed"
  std::uint32_t per_input = 1;  // so many effects of one input
  std::variant<StoredEffects, ReplyEffects, CommandEffects> how;
};

}  // namespace squall::workload

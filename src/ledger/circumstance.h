// What is true of the run, a stream, a consumer or a fault rather than of one input: rare records that the
// checkers judge by. Everything that a verdict needs to know is in the ledger, so that checkers stay pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"

namespace squall::ledger {

enum class OperationKind : std::uint8_t { js_async, js_sync, core, request };
std::string_view to_string(OperationKind kind);
inline constexpr std::size_t kOperationKinds = 4;

// Who sends inputs, how and where. Recorded before the first attempt that names it.
struct Source {
  std::uint32_t index = 0;     // Attempt::source; small dense numbers
  std::uint32_t producer = 0;  // inputs of one producer are sent one after the other
  OperationKind kind = OperationKind::js_async;
  std::string subject;  // may be a pattern where a source has many
  base::Instant at;

  bool operator==(const Source&) const = default;
};

enum class Retention : std::uint8_t { limits, interest, work_queue };
std::string_view to_string(Retention retention);

// The final scan of a stream that holds inputs begins. Its findings are Stored records.
struct ScanBegan {
  std::uint8_t stream = 0;  // a small number of ours
  std::string name;
  Retention retention = Retention::limits;
  base::Instant at;

  bool operator==(const ScanBegan&) const = default;
};

struct ScanEnded {
  std::uint8_t stream = 0;
  std::uint64_t first_seq = 0;  // what lies before was removed by a limit, or acked away
  std::uint64_t last_seq = 0;
  // Why the findings are not all there is; empty: everything between the two sequences was read.
  std::string incomplete_because;
  base::Instant at;

  bool operator==(const ScanEnded&) const = default;
};

// A consumer of the system after the final drain.
struct ConsumerState {
  std::uint8_t stream = 0;
  std::string name;
  std::uint64_t ack_floor = 0;      // everything up to this stream sequence is acked (or given up)
  std::uint64_t delivered_seq = 0;  // the last stream sequence that it was given
  std::uint64_t num_pending = 0;    // matching and not yet delivered
  std::uint64_t num_ack_pending = 0;
  std::int64_t max_deliver = -1;
  base::Instant at;

  bool operator==(const ConsumerState&) const = default;
};

// The server gave up delivering a message (the MAX_DELIVERIES advisory).
struct Exhausted {
  std::uint8_t stream = 0;
  std::string consumer;
  std::uint64_t stream_seq = 0;
  base::Instant at;

  bool operator==(const Exhausted&) const = default;
};

// What a fault does to the servers' promise to keep what they acknowledged.
enum class FaultClass : std::uint8_t {
  process_kill,    // SIGKILL: what was written to the kernel survives
  process_freeze,  // SIGSTOP
  service,         // only processes of the system that are no servers: NATS's promise is untouched
  network,
  messages,    // acks or messages delayed, dropped, repeated on the wire
  power_loss,  // what was not fsynced is gone
  disk_damage,
  disk_full,
  clock,
  membership,
  removal,  // what was stored was deleted: a stream purged, or made anew
};
std::string_view to_string(FaultClass fault_class);

struct FaultStruck {
  std::uint32_t number = 0;  // of the fault within the run, from 1
  FaultClass fault_class = FaultClass::process_kill;
  std::string target;
  std::uint32_t servers_struck = 0;  // at the same time
  base::Instant at;                  // it took effect

  bool operator==(const FaultStruck&) const = default;
};

struct FaultHealed {
  std::uint32_t number = 0;
  base::Instant at;

  bool operator==(const FaultHealed&) const = default;
};

// What the deployment promises about acknowledged messages, by its configuration.
struct Contract {
  std::uint32_t replicas = 1;
  bool memory_storage = false;
  bool sync_always = false;
  std::optional<base::Nanos> sync_interval;  // nothing: the server's default
  bool persist_async = false;                // persist_mode: async
  std::string server_version;                // "2.9.10"; empty: not known
  std::optional<base::Nanos> duplicate_window;
  base::Instant at;

  bool operator==(const Contract&) const = default;
};

using Circumstance =
    std::variant<Source, ScanBegan, ScanEnded, ConsumerState, Exhausted, FaultStruck, FaultHealed, Contract>;

}  // namespace squall::ledger

// The constants of ledger.bin that writer and reader share (docs/ledger-format.md). Not for other folders.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ledger/record.h"

namespace squall::ledger::format {

inline constexpr std::string_view kMagic{"SQLEDGR\x04", 8};
// Had no runs, and is read, too. (There is no 3: one flipped bit would make it a 2.)
inline constexpr char kVersionWithoutRuns = 2;
inline constexpr std::size_t kFrameHead = 8;          // payload size, CRC-32C; both u32, little endian
inline constexpr std::size_t kMaxPayload = 16 << 20;  // no honest frame is larger, packed or not
inline constexpr std::size_t kFlushAt = 64 << 10;
inline constexpr std::size_t kWorthPacking = 256;  // smaller payloads stay as they are

enum class PayloadKind : std::uint8_t { layout = 0, records = 1, packed = 2 };

// The low three bits of a record's first byte.
enum class Tag : std::uint8_t {
  attempt = 0,
  ok = 1,
  failed = 2,
  unknown = 3,
  delivery = 4,
  effect = 5,
  finding = 6,
  circumstance = 7
};
inline constexpr std::uint8_t kTagMask = 0x07;
inline constexpr std::uint8_t kNumberedKey = 0x08;  // of attempt, delivery, effect, finding

// Of attempt: what follows besides time, id and key.
inline constexpr std::uint8_t kLate = 0x10;
inline constexpr std::uint8_t kNewSource = 0x20;
inline constexpr std::uint8_t kAttemptChecksum = 0x40;
inline constexpr std::uint8_t kOrderKey = 0x80;

inline constexpr std::uint8_t kRun = 0x10;               // of unknown: a SentRun; with kNewSource, too
inline constexpr std::uint8_t kDuplicate = 0x10;         // of ok
inline constexpr std::uint8_t kDeliveryChecksum = 0x10;  // of delivery
inline constexpr int kStageShift = 4;                    // of effect: three bits
inline constexpr std::uint8_t kStageMask = 0x07;
inline constexpr std::uint8_t kEffectChecksum = 0x80;
inline constexpr std::uint8_t kConfirmed = 0x10;  // of finding: confirmed, not stored
inline constexpr std::uint8_t kFindingChecksum = 0x20;
inline constexpr std::uint8_t kOtherStream = 0x40;  // of finding: not stream 0

// Sequences are deltas within their own series.
inline constexpr std::size_t kAckSeries = kMaxStages;
inline constexpr std::size_t kDeliverySeries = kMaxStages + 1;
inline constexpr std::size_t kConfirmedSeries = kMaxStages + 2;
inline constexpr std::size_t kStoredSeries = kMaxStages + 3;
inline constexpr std::size_t kSeries = kMaxStages + 4;

}  // namespace squall::ledger::format

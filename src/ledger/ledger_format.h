// The constants of ledger.bin that writer and reader share (docs/ledger-format.md). Not for other folders.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ledger/record.h"

namespace squall::ledger::format {

inline constexpr std::string_view kMagic{"SQLEDGR\x01", 8};
inline constexpr std::size_t kFrameHead = 8;          // payload size, CRC-32C; both u32, little endian
inline constexpr std::size_t kMaxPayload = 16 << 20;  // no honest frame is larger
inline constexpr std::size_t kFlushAt = 64 << 10;

enum class PayloadKind : std::uint8_t { layout = 0, records = 1 };  // 2 is kept for zstd

// The low three bits of a record's first byte.
enum class Tag : std::uint8_t { attempt = 0, ok = 1, failed = 2, unknown = 3, delivery = 4, effect = 5 };
inline constexpr std::uint8_t kTagMask = 0x07;
inline constexpr std::uint8_t kNumberedKey = 0x08;  // of attempt, delivery, effect: the key is a number
inline constexpr std::uint8_t kDuplicate = 0x10;    // of ok
inline constexpr int kStageShift = 4;               // of effect: the stage is in the high four bits

// Sequences are deltas within their own series.
inline constexpr std::size_t kAckSeries = kMaxStages;
inline constexpr std::size_t kDeliverySeries = kMaxStages + 1;

}  // namespace squall::ledger::format

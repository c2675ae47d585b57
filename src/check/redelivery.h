// Was something delivered again after its ack had been confirmed? A server writes down what a consumer has
// acked a moment later, so what was confirmed just before it was killed may honestly come again; and a
// delivery that was under way, or held up by a fault, may arrive behind the confirmation.
#pragma once

#include "check/verdict.h"

namespace squall::check {

// How long before a kill a confirmed ack may be forgotten: the flush runs about ten times a second.
inline constexpr base::Nanos kAckFlush = std::chrono::milliseconds(500);
// How long a delivery may be under way from one server to the link of another.
inline constexpr base::Nanos kUnderWay = std::chrono::milliseconds(500);

// Counts: `after_confirm` (deliveries), `permitted` (of those), `violations`.
Verdict check_redelivery(const ledger::Ledger& ledger, base::Nanos grace = kAckFlush);

}  // namespace squall::check

// The NATS faults that have a name of their own: each expands to a NatsFault. docs/faults.md has a paragraph
// for each; a test holds the two lists together.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "fault/json_fields.h"
#include "fault/nats_fault.h"

namespace squall::fault {

struct NatsPreset {
  std::string_view name;     // "ack_delay"
  std::string_view summary;  // "acks reach the server late"
};
std::span<const NatsPreset> nats_presets();

// The attributes are those of the preset, and for all: subject, client, stream, consumer, connection, and the
// limits from, every, count, probability. Errors name the field; an unknown one is an error.
base::Result<NatsFault> nats_preset(std::string name, std::string_view preset,
                                    const nlohmann::json& attributes);

}  // namespace squall::fault

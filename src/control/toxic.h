// A toxic, as Toxiproxy's clients see it, and the fault of a link that it stands for. Toxiproxy takes any
// number for an attribute; a toxic that can do nothing (a latency of 0) is remembered and shown, and no
// fault. Our own faults have the same shape: their type is "half_open", "black_hole", …, a preset of NATS
// faults
// ("ack_delay") or "nats", and their attributes are those of docs/faults.md.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "control/go_fields.h"
#include "fault/link_fault.h"

namespace squall::control {

struct ToxicAttribute {
  std::string_view name;            // "latency"
  std::string_view type = "int64";  // Go's, for its errors
};
// One of the eight that Toxiproxy knows.
struct ToxicType {
  std::string_view name;       // "latency"
  std::string_view structure;  // "LatencyToxic", for its errors
  std::vector<ToxicAttribute> attributes;
};
// Null when Toxiproxy has no such type.
const ToxicType* toxic_type(std::string_view name);

struct Toxic {
  std::string name;
  std::string type;
  std::string stream = "downstream";  // as it was sent, in any case
  float toxicity = 1;
  std::vector<std::int64_t> numbers;  // of Toxiproxy's types, in the order of the type's attributes
  nlohmann::ordered_json attributes;  // of our own types
};

std::string to_json_text(const Toxic& toxic);

// Nothing when the toxic has no effect at all. Errors: an own type whose attributes are not right.
base::Result<std::optional<fault::LinkFault>> to_fault(const Toxic& toxic);
// How a fault that was made otherwise is shown.
Toxic to_toxic(const fault::LinkFault& fault);
// Whether there is such a kind of fault, in Toxiproxy or here.
bool is_toxic_type(std::string_view name);

// Upstream, downstream, or for our own types also both.
std::optional<fault::LinkStream> toxic_stream(const Toxic& toxic);

// A value as it stands in a body, for our own types.
nlohmann::ordered_json to_plain_json(const GoValue& value);

// What was sent for each link's toxics, in order. The faults themselves are in proxy::Links.
class ToxicBook {
 public:
  const Toxic* find(const std::string& link, const std::string& toxic) const;
  std::span<const Toxic> of(const std::string& link) const;
  // In the place of the one of that name, if there is one.
  void put(const std::string& link, Toxic toxic);
  void erase(const std::string& link, const std::string& toxic);
  void erase_link(const std::string& link) { toxics_.erase(link); }
  void clear() { toxics_.clear(); }

 private:
  std::map<std::string, std::vector<Toxic>> toxics_;
};

}  // namespace squall::control

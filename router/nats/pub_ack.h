// What a server answers to a JetStream publish, as a value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace router::nats {

struct PubAck {
  std::string stream;
  std::uint64_t sequence = 0;  // 0: not stored, whatever else is said
  bool duplicate = false;
  int error_code = 0;  // JetStream's err_code (10071); 0: no error
  std::string error;

  // Servers send "seq":0 along with errors, and some answer {"seq":0,"duplicate":true} for what may never be
  // stored: only a sequence above 0 without an error counts.
  bool is_stored() const { return error_code == 0 && sequence > 0; }
};

// Of anything: what is not a PubAck is an error of code -1.
PubAck parse_pub_ack(std::string_view payload);

// err_code of a publish whose expected last subject sequence was wrong.
inline constexpr int kWrongLastSequence = 10071;

}  // namespace router::nats

// Why a rehearsal came to nothing, as far as what was heard on a server of Squall's own can tell. Pure.
#pragma once

#include <string>

#include "draft/api_watch.h"

namespace squall::draft {

struct Heard {
  bool connected = false;  // somebody did since the service's start
  Requests requests;
  std::string nats_url;    // that the service was given
  std::string last_lines;  // of its log
};

// Nobody works on the input's stream.
std::string why_nobody_works(const Heard& heard);
// It works, but nothing came out on `output` for a message on `input`.
std::string why_no_effect(const Heard& heard, const std::string& input, const std::string& output);

}  // namespace squall::draft

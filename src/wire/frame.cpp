#include "wire/frame.h"

#include <algorithm>

namespace squall::wire {
namespace {

bool contains_ignoring_case(std::string_view text, std::string_view lower_case_part) {
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; };
  return std::search(text.begin(), text.end(), lower_case_part.begin(), lower_case_part.end(), same) !=
         text.end();
}

struct VerbName {
  std::string_view operator()(const Info&) const { return "INFO"; }
  std::string_view operator()(const Connect&) const { return "CONNECT"; }
  std::string_view operator()(const Pub& pub) const { return pub.headers.empty() ? "PUB" : "HPUB"; }
  std::string_view operator()(const Sub&) const { return "SUB"; }
  std::string_view operator()(const Unsub&) const { return "UNSUB"; }
  std::string_view operator()(const Msg& msg) const { return msg.headers.empty() ? "MSG" : "HMSG"; }
  std::string_view operator()(const Ping&) const { return "PING"; }
  std::string_view operator()(const Pong&) const { return "PONG"; }
  std::string_view operator()(const Ok&) const { return "+OK"; }
  std::string_view operator()(const Err&) const { return "-ERR"; }
};

}  // namespace

std::string_view verb_name(const Frame& frame) { return std::visit(VerbName{}, frame); }

bool is_fatal(const Err& error) {
  return !contains_ignoring_case(error.text, "permissions violation") &&
         !contains_ignoring_case(error.text, "invalid subject") &&
         !contains_ignoring_case(error.text, "invalid publish subject");
}

}  // namespace squall::wire

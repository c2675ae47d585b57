#include "draft/likely_cause.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "wire/subject.h"

namespace squall::draft {
namespace {

std::string with_log(std::string cause, const Heard& heard) {
  if (heard.last_lines.empty()) return cause + "; it has printed nothing";
  std::string lines = heard.last_lines;
  while (lines.ends_with('\n')) lines.pop_back();
  for (std::size_t at = lines.find('\n'); at != lines.npos; at = lines.find('\n', at))
    lines.replace(at, 1, " | ");
  return fmt::format("{}; its last lines: {}", cause, lines);
}

}  // namespace

std::string why_nobody_works(const Heard& heard) {
  if (!heard.connected) {
    return with_log(
        fmt::format("it never connected: a command that is to be tested takes its server's address "
                    "from NATS_URL (here {}), not from its own configuration",
                    heard.nats_url),
        heard);
  }
  if (heard.requests.streams.empty()) {
    return with_log(
        "it connected, and asked for no stream: init drafts for services that consume from JetStream (for "
        "one that answers requests or core messages write `request:` or `core: true`, docs/experiments.md)",
        heard);
  }
  return with_log(fmt::format("it connected, asked for {} and pulls from no consumer of them",
                              fmt::join(heard.requests.streams, ", ")),
                  heard);
}

std::string why_no_effect(const Heard& heard, const std::string& input, const std::string& output) {
  std::vector<std::string> elsewhere;
  for (const std::string& subject : heard.requests.published) {
    if (subject == input || subject == output || wire::subject_matches(output + ".>", subject)) continue;
    elsewhere.push_back(subject);
  }
  if (elsewhere.empty())
    return with_log("it published nothing; is the sample a message that it accepts?", heard);
  constexpr std::size_t kShown = 4;
  const bool more = elsewhere.size() > kShown;
  if (more) elsewhere.resize(kShown);
  return fmt::format("it published on {}{}: is one of them what --out should be?", fmt::join(elsewhere, ", "),
                     more ? ", …" : "");
}

}  // namespace squall::draft

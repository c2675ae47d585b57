// What a service asks JetStream for, read off the requests that it sends: the names of the streams and
// consumers that it expects, and those that it makes itself. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace squall::draft {

using ConsumerName = std::pair<std::string, std::string>;  // stream, consumer

struct Requests {
  std::set<std::string> streams;                                 // any that were named
  std::map<std::string, std::vector<std::string>> streams_made;  // with their subjects
  std::set<ConsumerName> consumers;                              // asked about, or pulled from
  std::set<ConsumerName> consumers_made;                         // durable ones
  std::set<ConsumerName> pulled;
  std::set<std::string> published;  // subjects of its own; inboxes and NATS's do not count

  void note(std::string_view subject, std::string_view payload);
};

}  // namespace squall::draft

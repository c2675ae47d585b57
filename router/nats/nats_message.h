// A NATS message as a plain value. libnats' own message never leaves router/nats.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace router::nats {

// Names are compared exactly, as NATS servers do. Values have no line ends: they become spaces when sent.
class Headers {
 public:
  using Entry = std::pair<std::string, std::string>;

  Headers() = default;
  Headers(std::initializer_list<Entry> entries) : entries_(entries) {}

  // The first value of that name; empty if there is none.
  std::string_view get(std::string_view name) const;
  void add(std::string name, std::string value) { entries_.emplace_back(std::move(name), std::move(value)); }
  bool empty() const { return entries_.empty(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  std::vector<Entry> entries_;
};

struct Message {
  std::string subject;
  std::string reply;
  Headers headers;
  std::string payload;

  // The status of a message that has nothing but headers (100, 404, 408, 409, 503); 0 for all others.
  int status() const;
};

}  // namespace router::nats

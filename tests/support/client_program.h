// A real NATS client in a process of its own, under a test's control: libnats, nats.js or nats-py, which all
// obey the same commands. A client that hangs or dies fails its test at a deadline and nothing else.
//
//   connect  url, name, ping_ms, ca (a file: with TLS), first (TLS, where the client can)     {}
//   publish  subject, payload, id (Nats-Msg-Id), timeout_ms     {"seq", "duplicate"}    to JetStream
//   send     subject, payload                                   {}                      core
//   flush    timeout_ms                                         {}
//   fetch    stream, consumer, count, timeout_ms, ack (true)    {"messages": [{"payload", "seq",
//   "delivered"}]} ask      subject, payload, timeout_ms                       {"answer"} listen   subject {}
//   heard                                                       {"payloads": […]}
//   state    {"connected", "closed", "disconnects", "reconnects", "errors": […], "server", "servers": […]}
//
// What fails is answered by {"error": text}.
#pragma once

#include <sys/types.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"

namespace squall::testing {

class ClientProgram {
 public:
  // The commands that start each; nothing when what it needs is not installed, `why_not` says what.
  static std::optional<std::vector<std::string>> command(const std::string& client, std::string& why_not);

  explicit ClientProgram(std::vector<std::string> command);
  ~ClientProgram();
  ClientProgram(const ClientProgram&) = delete;
  ClientProgram& operator=(const ClientProgram&) = delete;

  // Sends a command and waits for its answer; a test failure and null without one.
  nlohmann::json run(const std::string& what, nlohmann::json options = nlohmann::json::object());
  // The same in two steps, for what happens while the client is at it.
  void start(const std::string& what, nlohmann::json options = nlohmann::json::object());
  nlohmann::json answer();
  // Polls state() until the condition holds; false when it does not in time.
  bool until(const std::function<bool(const nlohmann::json&)>& condition);

  // SIGKILL.
  void kill();
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  base::UniqueFd to_;
  base::UniqueFd from_;
  std::string unread_;
};

}  // namespace squall::testing

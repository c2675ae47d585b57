// One real nats-server for a component test: JetStream on, loopback, ports chosen by the kernel and kept at
// restarts, store and log in a folder of its own. Ends with the test. Deployments under test are cluster/.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/unique_fd.h"
#include "support/temporary_folder.h"

namespace squall::testing {

// Thread: one. Failures are GoogleTest's (a server that does not start ends the test program).
class NatsServer {
 public:
  struct Options {
    std::string configuration;  // added to its configuration file: "max_payload: 1024"
    bool jetstream = true;
  };

  NatsServer() : NatsServer(Options{}) {}
  explicit NatsServer(Options options);
  ~NatsServer();
  NatsServer(const NatsServer&) = delete;
  NatsServer& operator=(const NatsServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::uint16_t monitor_port() const { return monitor_port_; }
  pid_t pid() const { return pid_; }

  // SIGSTOP, and waits until every thread has stopped; SIGCONT.
  void freeze();
  void thaw();
  // SIGKILL, and waits until it is gone.
  void kill();
  // Starts it again on the same ports and store, after kill(); returns once it answers.
  void restart();
  // Ends it and starts it again with this in place of Options::configuration.
  void restart_with(std::string configuration);

 private:
  void signal(int number);
  void start();
  void read_ports();
  void wait_for_info() const;

  Options options_;
  TemporaryFolder folder_;
  pid_t pid_ = -1;
  base::UniqueFd pidfd_;
  std::uint16_t port_ = 0;
  std::uint16_t monitor_port_ = 0;
};

}  // namespace squall::testing

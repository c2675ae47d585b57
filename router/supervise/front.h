// What the topmost process does besides its own work, be it the guardian or a lone supervisor: it owns the
// children of dead children, serves HTTP, and publishes pid and address in the run dir.
#pragma once

#include <memory>

#include "router/http/health_server.h"
#include "router/supervise/household.h"

namespace router::supervise {

// Lifetime: the destructor stops serving and removes the files (clean exit).
class Front {
 public:
  static squall::base::Result<Front> open(Household& household, board::Role role, const observe::Log& log);
  Front(Front&&) = default;
  ~Front();

 private:
  Front(Household& household, std::string name) : household_(&household), name_(std::move(name)) {}

  struct Unmoved {
    void operator()(Household*) const {}
  };
  std::unique_ptr<Household, Unmoved> household_;  // empty after a move
  std::string name_;
  std::unique_ptr<http::HealthServer> http_;
};

// Waits until the children of a dead supervisor, which the kernel has handed to us and killed, are gone; so
// no role ever runs twice. False: some did not end in time.
bool reap_stragglers(Household& household);

}  // namespace router::supervise

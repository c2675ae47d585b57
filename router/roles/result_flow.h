// One job result, from its delivery to its ack:
//
//   read and validate → (whose tenant is it?) → store the usage event → tell the circuit breakers → ack
//
// The usage event goes to a subject that ends in the assignment's id, once: a result that comes twice finds
// it stored.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "router/messages/job_result.h"
#include "router/roles/work_desk.h"

namespace router::roles {

// Thread: the loop's. Lifetime: outlives loop.run(), as do the references it gets.
class ResultFlow {
 public:
  struct Parts {
    const config::RouterConfig& config;
    Broker& broker;
    board::Slot& slot;
    const observe::Log& log;
    std::function<void()> on_refused = {};  // by a stream: it may be gone
  };

  explicit ResultFlow(const Parts& parts);

  void take(nats::PulledMessage pulled);
  WorkDesk& desk() { return desk_; }

 private:
  struct Item final : WorkItem {
    using WorkItem::WorkItem;
    std::optional<messages::JobResult> result;
  };
  using ItemPtr = std::shared_ptr<Item>;

  void work(const ItemPtr& item);
  void find_tenant(const ItemPtr& item);
  void store_usage(const ItemPtr& item);
  void usage_done(const ItemPtr& item, const nats::PublishOutcome& outcome);
  void tell_breakers(const messages::JobResult& result);
  void refuse(const ItemPtr& item, const messages::Rejection& rejection);

  const Parts parts_;
  WorkDesk desk_;
};

}  // namespace router::roles

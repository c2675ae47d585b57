// One decide request, from its delivery to its ack:
//
//   read and validate → choose a provider → store the decision → store the assignment → reply → ack
//
// Many requests are under way at once; each step is driven by the answer to the one before. Both stores go to
// a subject that ends in the request's id, with a message id and expected-last-subject-sequence 0, so whoever
// does a request again (redelivery, another role, a duplicate of the client's) finds that it exists, reads
// the stored decision back and goes on with that. Nothing is acked before the assignment is stored and the
// reply was handed over.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "router/config/defect.h"
#include "router/messages/decide_request.h"
#include "router/messages/decision.h"
#include "router/roles/circuit_breaker.h"
#include "router/roles/provider_choice.h"
#include "router/roles/work_desk.h"

namespace router::roles {

// Thread: the loop's. Lifetime: outlives loop.run(), as do the references it gets.
class DecideFlow {
 public:
  struct Parts {
    const config::RouterConfig& config;
    Broker& broker;
    BreakerBank& breakers;
    board::Slot& slot;
    const observe::Log& log;
    std::function<void()> on_refused = {};  // by a stream: it may be gone
    config::Defect defect = config::Defect::none;
    // Only for a planted defect: runs a task later.
    std::function<void(std::chrono::nanoseconds, nats::Task)> later = {};
  };

  explicit DecideFlow(const Parts& parts);

  void take(nats::PulledMessage pulled);
  WorkDesk& desk() { return desk_; }
  // Only for a planted defect: from now on everything is acked and nothing is done.
  void lose_everything();

 private:
  struct Item final : WorkItem {
    using WorkItem::WorkItem;
    std::optional<messages::DecideRequest> request;
    std::optional<messages::StoredDecision> decision;
  };
  using ItemPtr = std::shared_ptr<Item>;

  void work(const ItemPtr& item);
  void decide(const ItemPtr& item);
  void undecided(const ItemPtr& item, const NoChoice& why);
  void store_decision(const ItemPtr& item);
  void decision_done(const ItemPtr& item, const nats::PublishOutcome& outcome);
  void read_back(const ItemPtr& item);
  void read_back_done(const ItemPtr& item, const nats::StoredAnswer& answer);
  void store_assignment(const ItemPtr& item);
  void assignment_done(const ItemPtr& item, const nats::PublishOutcome& outcome);
  void finish(const ItemPtr& item);
  void refuse(const ItemPtr& item, const messages::Rejection& rejection);
  bool reply(const ItemPtr& item, const std::string& response);
  nats::Publication once_per_id(const std::string& prefix, const std::string& id, std::string payload) const;
  bool planted(config::Defect defect) const { return config::has(parts_.defect, defect); }

  const Parts parts_;
  const messages::RequestRules rules_;
  WorkDesk desk_;
  bool losing_ = false;
};

}  // namespace router::roles

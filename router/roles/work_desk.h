// The deliveries that a role has in hand, and every way in which one can end: acked, asked for again later
// (NAK), put into the dead letter queue, or parked while there is no connection. What is to be done with one
// is the flow's affair (decide_flow, result_flow).
//
// A delivery whose publish was cut off by a lost connection is parked, and done again from the start on the
// next connection: its ids make that safe, and nobody waits for ack_wait. If the broker delivers it again
// meanwhile, both end in the same effect.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "router/board/slot.h"
#include "router/config/router_config.h"
#include "router/observe/log.h"
#include "router/roles/broker.h"
#include "router/roles/dead_letter.h"

namespace router::roles {

// One delivery. Flows derive from it what they know about their message.
struct WorkItem {
  explicit WorkItem(nats::PulledMessage delivery) : pulled(std::move(delivery)), told_at(pulled.received) {}
  virtual ~WorkItem() = default;

  nats::PulledMessage pulled;
  squall::base::Instant told_at;  // when the broker last heard that it is being worked on
  bool parked = false;
  bool ended = false;        // callbacks that come later find nothing to do
  bool acked_early = false;  // planted defect: nothing more is said to the broker
};

class WorkDesk {
 public:
  using Work = std::function<void(const std::shared_ptr<WorkItem>&)>;

  struct Settings {
    config::ConsumerSettings consumer;
    std::string dlq_subject;
    std::function<void()> on_refused = {};  // a stream may be gone
  };

  // `work` does an item from its start; it must end in exactly one of the calls below, now or later.
  WorkDesk(Broker& broker, board::Slot& slot, const observe::Log& log, Settings settings, Work work);

  void take(const std::shared_ptr<WorkItem>& item);

  // False: the ack could not be handed to the broker, and the item is parked.
  bool ack(const std::shared_ptr<WorkItem>& item);
  // An attempt that was seen failing: NAK with the next delay; at the last attempt the dead letter queue,
  // unless something of it is stored already.
  struct Failure {
    std::string reason;
    bool may_dead_letter = true;
    std::function<void()> before_ack = {};  // when it does become a dead letter
  };
  void failed(const std::shared_ptr<WorkItem>& item, const Failure& failure);
  // `before_ack` runs when the letter is stored: the place for an answer to the client.
  void dead_letter(const std::shared_ptr<WorkItem>& item, DeadLetter letter,
                   std::function<void()> before_ack = {});
  // Until connected() is called.
  void park(const std::shared_ptr<WorkItem>& item);
  // For a publish that did not end in `stored` or `exists`: parks, or counts a failure.
  void publish_failed(const std::shared_ptr<WorkItem>& item, const nats::PublishOutcome& outcome,
                      Failure failure);

  // Does again what was parked.
  void connected();
  // +WPI for what takes long. Call it every second or so.
  void tell_progress(squall::base::Instant now);
  // Planted defects: acks an item that is not done, or all of them and forgets them.
  void ack_early(const std::shared_ptr<WorkItem>& item);
  void ack_everything_unfinished();

  std::size_t in_hand() const { return items_.size(); }

 private:
  void end(const std::shared_ptr<WorkItem>& item);
  void nak(const std::shared_ptr<WorkItem>& item, int attempt);

  Broker& broker_;
  board::Slot& slot_;
  const observe::Log& log_;
  const Settings settings_;
  const Work work_;
  std::unordered_set<std::shared_ptr<WorkItem>> items_;
  // Attempts seen failing, by stream sequence. Forgotten when the message ends.
  std::unordered_map<std::uint64_t, int> failures_;
};

}  // namespace router::roles

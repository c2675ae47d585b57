// One protocol moment of a trial, for all the steps that strike at it: armed at its link, it holds the frame
// when it comes, and lets go when the last of its steps has struck.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "fault/step.h"
#include "proxy/nats_moments.h"
#include "run/system_links.h"

namespace squall::run {

// Thread: the main one. Lifetime: the links outlive it; whoever waits or lets go must have ended before it
// does.
class MomentGate {
 public:
  // `steps`: how many wait for it, each of which lets go once.
  MomentGate(boost::asio::io_context& io, SystemLinks& links, fault::AtMoment at, int steps);

  const fault::AtMoment& at() const { return at_; }
  // Arms it, if nobody has yet, and returns when the frame is held (nothing), or with the reason why none
  // will be.
  boost::asio::awaitable<std::optional<std::string>> wait(base::Instant give_up);
  // What is held, or was.
  const std::optional<proxy::MomentEvent>& event() const { return event_; }
  // What becomes of the frame after a strike, the strongest last.
  enum class Then {
    kPass,
    kPassUnlessDead,  // if its sender was struck, it goes with the connection, which takes a moment to be
                      // seen
    kCut,             // an end of the link is dead: the frame is gone with the connection
  };
  // The last step's call lets the frame go, in the strongest way that any of them has said.
  boost::asio::awaitable<void> let_go(Then then);
  // The proxy's word that a watch has met its moment.
  void take(const std::string& proxied, const proxy::MomentEvent& event);

 private:
  enum class State { kIdle, kArmed, kHeld, kOver };
  boost::asio::awaitable<std::optional<std::string>> arm();
  boost::asio::awaitable<void> disarm();
  boost::asio::awaitable<void> wait_for_death();
  bool is_mine(const std::string& proxied, const proxy::MomentEvent& event) const;

  SystemLinks& links_;
  fault::AtMoment at_;
  int steps_left_;
  State state_ = State::kIdle;
  boost::asio::steady_timer arrived_;
  std::vector<std::pair<std::string, std::uint64_t>> watches_;     // by the proxy's link
  std::vector<std::pair<std::string, proxy::MomentEvent>> early_;  // came while it was armed
  std::optional<proxy::MomentEvent> event_;
  std::string held_by_;  // the proxy's link
  Then then_ = Then::kPass;
};

}  // namespace squall::run

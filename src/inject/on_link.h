// A fault of a link's bytes or NATS frames: a rule in Squall's own proxy. Its effect is what the proxy counts
// of it (frames struck, bytes delayed or withheld, connections cut): a rule that nothing ran into proves
// nothing. Its heal is its removal, which lets pass what it held. Journalled before it is put on, although
// nothing is left of it once Squall is gone; removed by the destructor, too.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "fault/link_fault.h"
#include "inject/injection.h"
#include "inject/safety.h"
#include "proxy/proxy.h"

namespace squall::inject {

// Thread: any but the proxy's. Lifetime: the proxy outlives it.
class OnLink {
 public:
  struct Plan {
    std::string link;                // as the experiment calls it
    std::vector<std::string> links;  // as the proxy does: one for each server behind it
    fault::LinkFault rule;           // its name, under which no other fault is on the link
  };
  OnLink(proxy::Proxy& proxy, Plan plan, Safety safety);
  ~OnLink();
  OnLink(const OnLink&) = delete;
  OnLink& operator=(const OnLink&) = delete;

  // Returns at the first sign of an effect, or at the deadline without one; the rule stays until it is
  // healed. Errors: no such link, a rule that is not valid there, or the journal could not be written; then
  // nothing is on the link.
  boost::asio::awaitable<base::Result<Injected>> inject(base::Instant deadline);
  // "12 frames struck on 1 connection": all that it has done until now, or until it was healed.
  const std::string& tally() const { return tally_; }
  // Idempotent. Errors: the journal could not be written (the rule is off all the same).
  boost::asio::awaitable<base::Result<Healed>> heal();
  bool active() const { return active_; }

 private:
  boost::asio::awaitable<base::Result<void>> put_on();
  boost::asio::awaitable<bool> look();
  base::Result<void> settled(std::size_t removed);

  proxy::Proxy& proxy_;
  Plan plan_;
  Safety safety_;
  std::uint64_t entry_ = 0;
  bool active_ = false;
  std::string tally_ = "nothing was struck";
};

}  // namespace squall::inject

#include "run/moment_gate.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace squall::run {

using boost::asio::awaitable;

namespace {

// The kernel closes a dead process's sockets before it says that it is dead; the proxy has to see it, too.
constexpr base::Nanos kDeathIsSeen = std::chrono::milliseconds(100);
constexpr base::Nanos kPoll = std::chrono::milliseconds(1);

}  // namespace

MomentGate::MomentGate(boost::asio::io_context& io, SystemLinks& links, fault::AtMoment at, int steps)
    : links_(links), at_(std::move(at)), steps_left_(steps), arrived_(io) {
  arrived_.expires_after(std::chrono::hours(24));
}

awaitable<std::optional<std::string>> MomentGate::wait(base::Instant give_up) {
  if (state_ == State::kIdle) {
    state_ = State::kArmed;
    if (auto why = co_await arm()) {
      state_ = State::kOver;
      arrived_.cancel();
      co_return why;
    }
    if (state_ == State::kArmed) arrived_.expires_at(give_up);
  }
  // Several may wait; a cancelled wait is one that has come, or whose time was set anew.
  while (state_ == State::kArmed && base::now() < give_up) {
    co_await arrived_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  if (state_ == State::kHeld) co_return std::nullopt;
  if (state_ == State::kArmed) {
    state_ = State::kOver;
    co_await disarm();
  }
  co_return fmt::format("{} of link {} never came", name_of(at_.moment), at_.link);
}

awaitable<std::optional<std::string>> MomentGate::arm() {
  const std::vector<std::string> names = links_.proxied(at_.link);
  if (names.empty()) co_return fmt::format("there is no link {}", at_.link);
  const auto arm_all =
      [&names, watch = proxy::watch_of(at_)](
          proxy::Links& links) -> base::Result<std::vector<std::pair<std::string, std::uint64_t>>> {
    std::vector<std::pair<std::string, std::uint64_t>> armed;
    for (const std::string& name : names) {
      const auto id = links.arm(name, watch);
      if (!id) return std::unexpected(id.error());
      armed.emplace_back(name, *id);
    }
    return armed;
  };
  auto armed = co_await links_.proxy().ask(arm_all);
  if (!armed) co_return armed.error().message();
  watches_ = std::move(*armed);
  for (const auto& [link, event] : std::exchange(early_, {})) take(link, event);
  co_return std::nullopt;
}

awaitable<void> MomentGate::disarm() {
  const auto disarm_all = [this](proxy::Links& links) {
    for (const auto& [link, watch] : watches_) (void)links.disarm(link, watch);
    return true;
  };
  (void)co_await links_.proxy().ask(disarm_all);
}

bool MomentGate::is_mine(const std::string& proxied, const proxy::MomentEvent& event) const {
  return std::ranges::find(watches_, std::pair(proxied, event.watch)) != watches_.end();
}

void MomentGate::take(const std::string& proxied, const proxy::MomentEvent& event) {
  if (state_ == State::kArmed && watches_.empty()) return early_.emplace_back(proxied, event), void();
  if (!is_mine(proxied, event)) return;
  if (state_ != State::kArmed) {
    // Another server's link has met it, too: that frame goes on.
    return links_.proxy().call(
        [&](proxy::Links& links) { (void)links.release(proxied, event.id, proxy::Release::kPass); });
  }
  state_ = State::kHeld;
  event_ = event;
  held_by_ = proxied;
  arrived_.cancel();
}

awaitable<void> MomentGate::let_go(Then then) {
  then_ = std::max(then_, then);
  if (--steps_left_ > 0 || state_ != State::kHeld) co_return;
  state_ = State::kOver;
  if (then_ == Then::kPassUnlessDead) co_await wait_for_death();
  const proxy::Release how = then_ == Then::kCut ? proxy::Release::kCut : proxy::Release::kPass;
  // Over already when the victim held the connection: its end has taken the frame along.
  const auto release = [this, how](proxy::Links& links) {
    return links.release(held_by_, event_->id, how).has_value();
  };
  (void)co_await links_.proxy().ask(release);
  co_await disarm();
}

awaitable<void> MomentGate::wait_for_death() {
  const auto holds = [this](proxy::Links& links) { return links.holds(held_by_, event_->id); };
  const base::Instant deadline = base::now() + kDeathIsSeen;
  while (co_await links_.proxy().ask(holds) && base::now() < deadline) {
    co_await sleep_until(base::now() + kPoll);
  }
}

}  // namespace squall::run

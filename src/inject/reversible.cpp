#include "inject/reversible.h"

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "fault/fault_kind.h"

namespace squall::inject {
namespace {

struct Kind {
  std::string_view name;
  std::unique_ptr<Reversible> (*make)(fault::OnTarget, Surroundings);
};

constexpr std::array kKinds{
    Kind{"send_signal", make_signal},
    Kind{"limit", make_limit},
    Kind{"starve", make_starve},
    Kind{"exec", make_exec},
    Kind{"lame_duck", make_lame_duck},
    Kind{"reload", make_reload},
    Kind{"restart_with", make_restart_with},
    Kind{"slow_start", make_slow_start},
    Kind{"purge", make_purge},
    Kind{"delete_stream", make_delete_stream},
    Kind{"full", make_full},
    Kind{"pause_consumer", make_pause_consumer},
};

const Kind* find(const std::string& name) {
  const auto* at = std::ranges::find(kKinds, name, &Kind::name);
  return at == kKinds.end() ? nullptr : at;
}

}  // namespace

bool is_reversible_kind(const std::string& kind) { return find(kind) != nullptr; }

base::Result<std::unique_ptr<Reversible>> make_reversible(fault::OnTarget fault, Surroundings surroundings) {
  const Kind* kind = find(fault.kind);
  const fault::KindDoc* doc = fault::find_kind(fault.kind);
  if (kind == nullptr || doc == nullptr) return base::fail("there is no fault {}", fault.kind);
  if (doc->target == fault::TargetKind::kServer && surroundings.server == nullptr) {
    return base::fail("{} is no server of Squall's own", fault.target);
  }
  if (doc->target == fault::TargetKind::kProcess && surroundings.processes.empty()) {
    return base::fail("no process of {} is alive", fault.target);
  }
  return kind->make(std::move(fault), std::move(surroundings));
}

base::Result<Healed> heal_seen(Safety& safety, std::uint64_t entry, Healed healed) {
  const fault::Undone undone{.state = fault::UndoState::kUndone, .reason = healed.observation};
  if (const auto settled = safety.settle(entry, undone); !settled) {
    return base::fail_within("healed, but not recorded", settled.error());
  }
  return healed;
}

boost::asio::awaitable<void> wait_shortly(base::Nanos duration) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  timer.expires_after(duration);
  co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

}  // namespace squall::inject

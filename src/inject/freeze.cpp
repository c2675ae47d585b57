#include "inject/freeze.h"

#include <signal.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "inject/undo_system.h"
#include "process/pid_fd.h"

namespace squall::inject {

namespace asio = boost::asio;

namespace {

constexpr base::Nanos kLookAgain = std::chrono::microseconds{500};

asio::awaitable<void> pause_shortly() {
  asio::steady_timer timer(co_await asio::this_coro::executor, kLookAgain);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

}  // namespace

Freeze::Freeze(process::ProcessTree tree, Plan plan, Safety safety)
    : tree_(std::move(tree)), plan_(std::move(plan)), safety_(std::move(safety)) {}

Freeze::~Freeze() {
  if (active_) (void)thaw_now();
}

std::vector<process::ProcStatus> Freeze::targets() const {
  if (plan_.scope == fault::Scope::kTree) return tree_.members();
  std::vector<process::ProcStatus> one;
  if (auto root = process::read_status(tree_.root().identity); root && root->alive())
    one.push_back(*std::move(root));
  return one;
}

fault::Thaw Freeze::undo_of(const std::vector<process::ProcStatus>& targets) const {
  fault::Thaw thaw;
  for (const process::ProcStatus& target : targets) {
    thaw.processes.push_back({.pid = target.identity.pid, .start_ticks = target.identity.start_ticks});
  }
  if (plan_.scope == fault::Scope::kTree) thaw.mark = tree_.root().mark;
  return thaw;
}

asio::awaitable<base::Result<Injected>> Freeze::inject(base::Instant deadline) {
  auto targets = this->targets();
  if (targets.empty()) co_return base::fail("cannot freeze: pid {} does not live", tree_.root().identity.pid);
  undo_ = undo_of(targets);
  const auto armed = safety_.arm(plan_.fault_name, undo_, plan_.duration);
  if (!armed) co_return base::fail_within("not frozen", armed.error());
  entry_ = *armed;
  active_ = true;

  // Beyond this point whatever is stopped is thawed again, even if Squall dies.
  const base::Instant injected_at = base::now();
  const process::ProcStatus* running = nullptr;
  for (;;) {
    running = nullptr;
    for (const process::ProcStatus& target : targets) {
      if (process::is_frozen(target.identity.pid)) continue;
      running = &target;
      const auto process = process::PidFd::open(target.identity);
      if (!process) continue;  // ended meanwhile: the next look does not list it
      if (const auto sent = process->signal(SIGSTOP); !sent)
        co_return base::fail_within("not frozen", sent.error());
    }
    const base::Instant looked_at = base::now();
    if (running == nullptr && !targets.empty()) {
      safety_.reached(Stage::kActive);
      co_return Injected{.injected_at = injected_at,
                         .effect_at = looked_at,
                         .observation = fmt::format(
                             "{} processes from pid {} on, every thread stopped after {}", targets.size(),
                             tree_.root().identity.pid, base::format_duration(looked_at - injected_at))};
    }
    if (targets.empty() || looked_at >= deadline) break;
    co_await pause_shortly();
    targets = this->targets();
  }
  safety_.reached(Stage::kActive);
  co_return Injected{.injected_at = injected_at,
                     .effect_at = {},
                     .observation = targets.empty() ? std::string("the target ended instead of stopping")
                                                    : fmt::format("{} still runs", running->describe())};
}

fault::Undone Freeze::thaw_now() {
  active_ = false;
  safety_.reached(Stage::kHealing);
  UndoSystem system;
  fault::Undone undone = system.thaw(undo_);
  (void)safety_.settle(entry_, undone);
  return undone;
}

asio::awaitable<base::Result<Healed>> Freeze::heal(base::Instant deadline) {
  const base::Instant healed_at = base::now();
  if (!active_)
    co_return Healed{.healed_at = healed_at, .effect_at = healed_at, .observation = "was not frozen"};
  safety_.reached(Stage::kHealing);
  UndoSystem system;
  fault::Undone undone;
  do {
    undone = system.thaw(undo_);
    if (undone.state != fault::UndoState::kFailed) break;
    co_await pause_shortly();
  } while (base::now() < deadline);

  const base::Instant looked_at = base::now();
  active_ = undone.state == fault::UndoState::kFailed;
  if (auto settled = safety_.settle(entry_, undone); !settled) {
    co_return base::fail_within("thawed, but not recorded", settled.error());
  }
  Healed healed{.healed_at = healed_at, .effect_at = {}, .observation = undone.reason};
  healed.vanished = undone.state == fault::UndoState::kVanished;
  if (undone.state == fault::UndoState::kUndone) healed.effect_at = looked_at;
  co_return healed;
}

}  // namespace squall::inject

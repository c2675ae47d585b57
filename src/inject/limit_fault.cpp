// A lowered soft limit (prlimit) of every process of the target. Only soft limits: a lowered hard one cannot
// be raised again.
#include "inject/reversible.h"
#include "inject/undo_system.h"
#include "process/limits.h"

namespace squall::inject {
namespace {

using boost::asio::awaitable;

class LimitFault : public Reversible {
 public:
  LimitFault(fault::OnTarget fault, Surroundings around)
      : resource_(fault.text("resource")),
        to_(static_cast<std::uint64_t>(fault.number("to"))),
        fault_(std::move(fault)),
        around_(std::move(around)) {}
  ~LimitFault() override {
    if (active_) (void)restore();
  }

  awaitable<base::Result<Injected>> inject(base::Instant) override {
    if (const auto there = note(); !there) co_return std::unexpected(there.error());
    if (undo_.limits.empty()) co_return base::fail("no process of {} is alive", fault_.target);
    const auto armed = around_.safety.arm(around_.fault_name, undo_, fault_.duration);
    if (!armed) co_return base::fail_within("not limited", armed.error());
    entry_ = *armed;
    active_ = true;
    const base::Instant injected_at = base::now();
    std::size_t set = 0;
    for (const fault::RestoreLimits::Limit& limit : undo_.limits) {
      const process::ProcessIdentity identity{limit.pid, limit.start_ticks};
      const auto lowered = process::set_soft_limit(identity, resource_, to_);
      if (!lowered && process::is_alive(identity)) {
        (void)restore();
        co_return base::fail_within("not limited", lowered.error());
      }
      const auto present = process::soft_limit(limit.pid, resource_);
      if (present && *present == to_) ++set;
    }
    around_.safety.reached(Stage::kActive);
    const std::string observation = fmt::format("{} of {} processes of {} have {} = {}", set,
                                                undo_.limits.size(), fault_.target, resource_, to_);
    if (set == 0) co_return Injected{.injected_at = injected_at, .effect_at = {}, .observation = observation};
    co_return Injected{.injected_at = injected_at, .effect_at = base::now(), .observation = observation};
  }

  awaitable<base::Result<Healed>> heal(base::Instant) override {
    if (!active_) co_return nothing_to_heal("no limit was set");
    const base::Instant healed_at = base::now();
    around_.safety.reached(Stage::kHealing);
    const fault::Undone undone = restore();
    Healed healed{.healed_at = healed_at, .effect_at = {}, .observation = undone.reason};
    healed.vanished = undone.state == fault::UndoState::kVanished;
    if (undone.state == fault::UndoState::kUndone) healed.effect_at = base::now();
    co_return healed;
  }

 private:
  // What every process has now. One that needs no lowering is left alone.
  base::Result<void> note() {
    for (const Surroundings::Target& target : around_.processes) {
      for (const process::ProcStatus& member : target.tree.members()) {
        const auto present = process::soft_limit(member.identity.pid, resource_);
        if (!present) return std::unexpected(present.error());
        if (*present <= to_) continue;
        undo_.limits.push_back({.pid = member.identity.pid,
                                .start_ticks = member.identity.start_ticks,
                                .resource = resource_,
                                .lowered = to_,
                                .original = *present});
      }
    }
    if (undo_.limits.empty() && !around_.processes.empty()) {
      return base::fail("{} has no more than {} = {} anyway", fault_.target, resource_, to_);
    }
    return {};
  }

  fault::Undone restore() {
    active_ = false;
    // Those that were forked meanwhile have inherited it.
    fault::RestoreLimits all = undo_;
    for (const Surroundings::Target& target : around_.processes) {
      for (const process::ProcStatus& member : target.tree.members()) {
        const auto present = process::soft_limit(member.identity.pid, resource_);
        if (!present || *present != to_) continue;
        all.limits.push_back({.pid = member.identity.pid,
                              .start_ticks = member.identity.start_ticks,
                              .resource = resource_,
                              .lowered = to_,
                              .original = undo_.limits.front().original});
      }
    }
    UndoSystem system;
    const fault::Undone undone = system.restore_limits(all);
    (void)around_.safety.settle(entry_, undone);
    return undone;
  }

  std::string resource_;
  std::uint64_t to_;
  fault::OnTarget fault_;
  Surroundings around_;
  fault::RestoreLimits undo_;
  std::uint64_t entry_ = 0;
  bool active_ = false;
};

}  // namespace

std::unique_ptr<Reversible> make_limit(fault::OnTarget fault, Surroundings around) {
  return std::make_unique<LimitFault>(std::move(fault), std::move(around));
}

}  // namespace squall::inject

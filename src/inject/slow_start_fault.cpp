// A server that is killed, and whose next process listens for a while without a word: it is frozen as soon as
// it listens, which is some milliseconds after its start.
#include <signal.h>

#include "inject/freeze.h"
#include "inject/kill.h"
#include "inject/reversible.h"

namespace squall::inject {
namespace {

using boost::asio::awaitable;

class SlowStartFault : public Reversible {
 public:
  SlowStartFault(fault::OnTarget fault, Surroundings around)
      : fault_(std::move(fault)), around_(std::move(around)) {}

  awaitable<base::Result<Injected>> inject(base::Instant deadline) override {
    const process::ProcessIdentity victim = around_.server->child()->identity();
    const auto armed = around_.safety.arm(around_.fault_name, fault::RestartServer{fault_.target}, {});
    if (!armed) co_return base::fail_within("not killed", armed.error());
    entry_ = *armed;
    active_ = true;
    auto killed = co_await kill_process(victim, SIGKILL, deadline);
    around_.safety.reached(Stage::kActive);
    co_return killed;
  }

  // The slow start itself: it belongs to the coming back.
  awaitable<base::Result<Healed>> heal(base::Instant deadline) override {
    if (!active_) co_return nothing_to_heal("it was not killed");
    const base::Instant healed_at = base::now();
    around_.safety.reached(Stage::kHealing);
    if (const auto launched = around_.server->launch(); !launched)
      co_return std::unexpected(launched.error());
    const auto listens = co_await around_.server->wait_info(deadline);
    if (!listens) co_return std::unexpected(listens.error());
    const base::Nanos delay = fault_.milliseconds("delay_ms");
    Freeze silence(around_.server->child()->tree(),
                   {.scope = fault::Scope::kProcess, .fault_name = around_.fault_name, .duration = delay},
                   around_.safety);
    const auto silent = co_await silence.inject(deadline);
    if (!silent || !silent->took_effect()) {
      co_return base::fail("{} could not be kept silent: {}", fault_.target,
                           silent ? silent->observation : silent.error().message());
    }
    co_await wait_shortly(delay);
    const auto thawed = co_await silence.heal(base::now() + delay);
    if (!thawed) co_return std::unexpected(thawed.error());
    const auto info = co_await around_.server->wait_info(base::now() + delay + std::chrono::seconds(10));
    if (!info)
      co_return Healed{.healed_at = healed_at, .effect_at = {}, .observation = info.error().message()};
    active_ = false;
    co_return heal_seen(around_.safety, entry_,
                        {.healed_at = healed_at,
                         .effect_at = *info,
                         .observation = fmt::format("{} listened in silence for {}, and answers",
                                                    fault_.target, base::format_duration(delay))});
  }

 private:
  fault::OnTarget fault_;
  Surroundings around_;
  std::uint64_t entry_ = 0;
  bool active_ = false;
};

}  // namespace

std::unique_ptr<Reversible> make_slow_start(fault::OnTarget fault, Surroundings around) {
  return std::make_unique<SlowStartFault>(std::move(fault), std::move(around));
}

}  // namespace squall::inject

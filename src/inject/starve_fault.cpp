// A target that runs only a part of the time: stopped and let go in turn, in slices of 50 ms. It needs
// neither rights beyond signals nor a control group, and looks the same to the service: it is not on the CPU.
#include <signal.h>

#include <memory>
#include <utility>

#include "base/task_group.h"
#include "inject/reversible.h"
#include "inject/undo_system.h"
#include "process/pid_fd.h"

namespace squall::inject {
namespace {

using boost::asio::awaitable;

constexpr base::Nanos kSlice = std::chrono::milliseconds{50};
constexpr base::Nanos kLookAgain = std::chrono::microseconds{500};

using Targets = std::vector<Surroundings::Target>;

// What the turns go on with, also for a moment after the fault itself is gone.
struct Turns {
  Targets targets;
  base::Nanos running{};
  bool stop = false;
  int count = 0;
  std::string error = {};
};

void send(Turns& turns, int signal) {
  for (const Surroundings::Target& target : turns.targets) {
    for (const process::ProcStatus& member : target.tree.members()) {
      const auto process = process::PidFd::open(member.identity);
      if (!process) continue;  // gone meanwhile
      if (const auto sent = process->signal(signal); !sent) turns.error = sent.error().message();
    }
  }
}

awaitable<void> take_turns(std::shared_ptr<Turns> turns) {
  while (!turns->stop) {
    send(*turns, SIGSTOP);
    co_await wait_shortly(kSlice - turns->running);
    send(*turns, SIGCONT);
    ++turns->count;
    co_await wait_shortly(turns->running);
  }
}

bool all_stopped(const Targets& targets) {
  bool any = false;
  for (const Surroundings::Target& target : targets) {
    for (const process::ProcStatus& member : target.tree.members()) {
      if (!process::is_frozen(member.identity.pid)) return false;
      any = true;
    }
  }
  return any;
}

class StarveFault : public Reversible {
 public:
  StarveFault(fault::OnTarget fault, Surroundings around)
      : fault_(std::move(fault)), around_(std::move(around)), cycle_(around_.io.get_executor()) {
    turns_->targets = around_.processes;
    turns_->running = std::chrono::duration_cast<base::Nanos>(kSlice * fault_.number("share"));
  }
  ~StarveFault() override {
    if (active_) (void)let_go();
  }

  awaitable<base::Result<Injected>> inject(base::Instant deadline) override {
    for (const Surroundings::Target& target : around_.processes) {
      for (const process::ProcStatus& member : target.tree.members()) {
        undo_.processes.push_back({.pid = member.identity.pid, .start_ticks = member.identity.start_ticks});
      }
      undo_.mark = target.tree.root().mark;
    }
    if (undo_.processes.empty()) co_return base::fail("no process of {} is alive", fault_.target);
    const auto armed = around_.safety.arm(around_.fault_name, undo_, fault_.duration);
    if (!armed) co_return base::fail_within("not starved", armed.error());
    entry_ = *armed;
    active_ = true;
    const base::Instant injected_at = base::now();
    cycle_.spawn("starve " + fault_.target, take_turns(turns_));
    // Beyond this point it is stopped and let go until the heal, whatever happens here.
    bool seen_stopped = false;
    while (base::now() < deadline) {
      if (!turns_->error.empty()) co_return base::fail("not starved: {}", turns_->error);
      seen_stopped = seen_stopped || all_stopped(turns_->targets);
      if (seen_stopped && turns_->count >= 2) {
        around_.safety.reached(Stage::kActive);
        co_return Injected{.injected_at = injected_at,
                           .effect_at = base::now(),
                           .observation = fmt::format("{} runs {} of each {}", fault_.target,
                                                      base::format_duration(turns_->running),
                                                      base::format_duration(kSlice))};
      }
      co_await wait_shortly(kLookAgain);
    }
    co_return Injected{.injected_at = injected_at,
                       .effect_at = {},
                       .observation = fmt::format("{} was never seen stopped", fault_.target)};
  }

  awaitable<base::Result<Healed>> heal(base::Instant deadline) override {
    if (!active_) co_return nothing_to_heal("it was not starved");
    const base::Instant healed_at = base::now();
    around_.safety.reached(Stage::kHealing);
    turns_->stop = true;
    (void)co_await cycle_.join(deadline);
    const fault::Undone undone = let_go();
    Healed healed{.healed_at = healed_at, .effect_at = {}, .observation = undone.reason};
    healed.vanished = undone.state == fault::UndoState::kVanished;
    if (undone.state == fault::UndoState::kUndone) healed.effect_at = base::now();
    co_return healed;
  }

 private:
  fault::Undone let_go() {
    active_ = false;
    turns_->stop = true;
    UndoSystem system;
    const fault::Undone undone = system.thaw(undo_);
    (void)around_.safety.settle(entry_, undone);
    return undone;
  }

  fault::OnTarget fault_;
  Surroundings around_;
  std::shared_ptr<Turns> turns_ = std::make_shared<Turns>();
  fault::Thaw undo_;
  std::uint64_t entry_ = 0;
  bool active_ = false;
  base::TaskGroup cycle_;
};

}  // namespace

std::unique_ptr<Reversible> make_starve(fault::OnTarget fault, Surroundings around) {
  return std::make_unique<StarveFault>(std::move(fault), std::move(around));
}

}  // namespace squall::inject

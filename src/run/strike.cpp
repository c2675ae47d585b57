#include "run/strike.h"

#include <signal.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "inject/freeze.h"
#include "inject/kill.h"

namespace squall::run {
namespace {

using boost::asio::awaitable;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Nanos kEffectPatience = seconds(10);
constexpr base::Nanos kBackPatience = seconds(60);
constexpr base::Nanos kPoll = milliseconds(1);

int signal_number(const std::string& name) {
  static const std::map<std::string, int> kSignals{
      {"KILL", SIGKILL}, {"TERM", SIGTERM}, {"INT", SIGINT},   {"HUP", SIGHUP},   {"QUIT", SIGQUIT},
      {"ABRT", SIGABRT}, {"SEGV", SIGSEGV}, {"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"STOP", SIGSTOP}};
  const auto found = kSignals.find(name);
  return found == kSignals.end() ? SIGKILL : found->second;
}

std::string names_of(const std::vector<Victim>& victims) {
  std::string names;
  for (const Victim& victim : victims) {
    names += fmt::format("{}{} (pid {})", names.empty() ? "" : ", ", victim.name, victim.identity().pid);
  }
  return names;
}

}  // namespace

Strikes::Strikes(RunningSystem& system, inject::Safety safety, base::Instant began, OnEvent on_event)
    : system_(system), safety_(std::move(safety)), began_(began), on_event_(std::move(on_event)) {}

std::optional<base::Instant> Strikes::first_effect() const {
  std::optional<base::Instant> first;
  for (const Struck& struck : struck_) {
    if (struck.effect_at && (!first || *struck.effect_at < *first)) first = struck.effect_at;
  }
  return first;
}

awaitable<void> Strikes::carry_out(fault::Step step) {
  Struck struck{.fault = step.fault.name};
  if (auto never = co_await wait_for(step)) {
    struck.observation = std::move(*never);
  } else {
    co_await inject(step, struck);
  }
  ended_[step.fault.name].over = true;
  struck_.push_back(std::move(struck));
}

// Nothing when the step's moment has come; else why it never will.
awaitable<std::optional<std::string>> Strikes::wait_for(const fault::Step& step) {
  const base::Instant give_up = began_ + step.give_up_after;
  if (const auto* at = std::get_if<fault::AtTime>(&step.trigger)) {
    co_await sleep_until(began_ + at->at);
    co_return std::nullopt;
  }
  if (const auto* after = std::get_if<fault::AfterFault>(&step.trigger)) {
    while (true) {
      const Ended& other = ended_[after->fault];
      const auto& instant = after->end == fault::AfterFault::End::kEffect ? other.effect : other.heal;
      if (instant) {
        co_await sleep_until(*instant + after->wait);
        co_return std::nullopt;
      }
      if (other.over || base::now() > give_up) {
        co_return fmt::format("{} never came so far that this one could follow", after->fault);
      }
      co_await sleep_until(base::now() + kPoll);
    }
  }
  if (const auto* when = std::get_if<fault::WhenProbe>(&step.trigger)) {
    const auto wanted =
        when->becomes == fault::WhenProbe::Becomes::kRed ? probe::Answer::kRed : probe::Answer::kGreen;
    while (base::now() < give_up) {
      const auto last = system_.probes().last(when->probe);
      if (last && last->answer == wanted) {
        co_await sleep_until(base::now() + when->wait);
        co_return std::nullopt;
      }
      co_await sleep_until(base::now() + kPoll);
    }
    co_return fmt::format("probe {} never became {}", when->probe, probe::name_of(wanted));
  }
  co_return "protocol moments need a link, which this build does not have";
}

awaitable<void> Strikes::inject(const fault::Step& step, Struck& struck) {
  auto victims = system_.resolve(fault::target_of(step.fault.action), step.replicas);
  if (!victims) {
    struck.observation = victims.error().message();
    co_return;
  }
  if (const auto* kill_action = std::get_if<fault::Kill>(&step.fault.action)) {
    co_await kill(*kill_action, std::move(*victims), struck);
  } else if (const auto* freeze_action = std::get_if<fault::Freeze>(&step.fault.action)) {
    co_await freeze(*freeze_action, std::move(*victims), struck);
  } else {
    struck.observation = fmt::format("this build cannot inject {}", fault::kind_of(step.fault.action));
  }
}

void Strikes::took_effect(Struck& struck, base::Instant at, std::string observation) {
  const bool first = !first_effect();
  struck.effect_at = at;
  ended_[struck.fault].effect = at;
  on_event_(evidence::EventKind::effect, at, observation);
  struck.observation = std::move(observation);
  if (first && on_first_effect_) on_first_effect_(at);
}

awaitable<void> Strikes::kill(const fault::Kill& action, std::vector<Victim> victims, Struck& struck) {
  const int number = signal_number(action.signal);
  struck.what = fmt::format("SIG{} to {}", action.signal, names_of(victims));
  std::vector<int> starts;
  starts.reserve(victims.size());
  for (const Victim& victim : victims) {
    starts.push_back(victim.slot ? victim.slot->starts() : victim.server ? victim.server->starts() : 0);
  }
  struck.injected_at = base::now();
  on_event_(evidence::EventKind::fault, *struck.injected_at, struck.what);
  std::optional<base::Instant> effect;
  std::string observation;
  for (const Victim& victim : victims) {
    const base::Instant deadline = base::now() + kEffectPatience;
    base::Result<inject::Injected> injected = base::fail("not tried");
    if (action.scope == fault::Scope::kTree) {
      injected = co_await inject::kill_tree(victim.tree, number, deadline);
    } else {
      injected = co_await inject::kill_process(victim.identity(), number, deadline);
    }
    if (!injected || !injected->took_effect()) {
      struck.observation = injected ? injected->observation : injected.error().message();
      co_return;
    }
    effect = std::max(effect.value_or(*injected->effect_at), *injected->effect_at);
    observation += (observation.empty() ? "" : "; ") + injected->observation;
  }
  took_effect(struck, *effect, std::move(observation));
  // Beyond this point the victims are dead.
  for (std::size_t i = 0; i < victims.size(); ++i) {
    co_await bring_back(action, victims[i], starts[i], struck);
    if (struck.not_healed) co_return;
  }
  if (struck.healed_at) ended_[struck.fault].heal = struck.healed_at;
}

awaitable<void> Strikes::bring_back(const fault::Kill& action, const Victim& victim, int starts_before,
                                    Struck& struck) {
  const base::Instant deadline = base::now() + kBackPatience;
  const base::Instant dead = *struck.effect_at;
  pid_t now = -1;
  if (victim.server != nullptr) {
    co_await sleep_until(dead + action.down_time.value_or(base::Nanos{0}));
    const auto started = co_await victim.server->start(base::now() + kEffectPatience);
    if (!started) {
      struck.not_healed = started.error().message();
      co_return;
    }
    struck.healed_at = started->info_at;
    now = victim.server->child()->pid();
  } else if (victim.slot != nullptr) {
    if (!co_await victim.slot->wait_next_start(starts_before, deadline)) {
      struck.not_healed =
          fmt::format("{} did not come back within {}", victim.name, base::format_duration(kBackPatience));
      co_return;
    }
    struck.healed_at = victim.slot->child()->started_at();
    now = victim.slot->child()->pid();
  } else {
    std::optional<process::ProcessIdentity> found;
    while (!found && base::now() < deadline) {
      found = system_.find(*victim.attached);
      if (found && *found == victim.identity()) found.reset();
      if (!found) co_await sleep_until(base::now() + kPoll);
    }
    if (!found) {
      struck.not_healed =
          fmt::format("nobody brought {} back within {}", victim.name, base::format_duration(kBackPatience));
      co_return;
    }
    struck.healed_at = base::now();
    now = found->pid;
  }
  struck.back_as = fmt::format("back as {}", now);
  on_event_(evidence::EventKind::heal, *struck.healed_at,
            fmt::format("{} is {}", victim.name, struck.back_as));
}

awaitable<void> Strikes::freeze(const fault::Freeze& action, std::vector<Victim> victims, Struck& struck) {
  struck.what = fmt::format("SIGSTOP to {}", names_of(victims));
  struck.injected_at = base::now();
  on_event_(evidence::EventKind::fault, *struck.injected_at, struck.what);
  std::vector<std::unique_ptr<inject::Freeze>> freezes;
  std::optional<base::Instant> effect;
  std::string observation;
  for (Victim& victim : victims) {
    inject::Freeze::Plan plan{.scope = action.scope, .fault_name = struck.fault, .duration = action.duration};
    freezes.push_back(std::make_unique<inject::Freeze>(victim.tree, std::move(plan), safety_));
    const auto injected = co_await freezes.back()->inject(base::now() + kEffectPatience);
    if (!injected || !injected->took_effect()) {
      struck.observation = injected ? injected->observation : injected.error().message();
      co_return;  // the destructors thaw what is frozen
    }
    effect = std::max(effect.value_or(*injected->effect_at), *injected->effect_at);
    observation += (observation.empty() ? "" : "; ") + injected->observation;
  }
  took_effect(struck, *effect, std::move(observation));
  co_await sleep_until(*effect + action.duration);
  for (const auto& freeze : freezes) {
    const auto healed = co_await freeze->heal(base::now() + kEffectPatience);
    if (!healed || (!healed->took_effect() && !healed->vanished)) {
      struck.not_healed = healed ? healed->observation : healed.error().message();
      continue;
    }
    struck.healed_at = healed->effect_at.value_or(healed->healed_at);
    on_event_(evidence::EventKind::heal, *struck.healed_at, healed->observation);
  }
  if (struck.healed_at) ended_[struck.fault].heal = struck.healed_at;
}

}  // namespace squall::run

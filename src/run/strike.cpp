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

Strikes::Strikes(Session& session, RunningSystem& system, const std::vector<fault::Step>& steps,
                 base::Instant began, OnEvent on_event)
    : session_(session),
      system_(system),
      safety_(session.journal()),
      began_(began),
      on_event_(std::move(on_event)) {
  // Steps with equal moments strike together: they share one.
  for (const fault::Step& step : steps) {
    const auto* at = std::get_if<fault::AtMoment>(&step.trigger);
    if (at == nullptr) continue;
    const auto known = std::ranges::find_if(gates_, [&](const auto& gate) { return gate->at() == *at; });
    if (known != gates_.end()) {
      gate_of_[step.fault.name] = known->get();
      continue;
    }
    const auto equal = std::ranges::count(steps, step.trigger, &fault::Step::trigger);
    gates_.push_back(
        std::make_unique<MomentGate>(session.io(), system.links(), *at, static_cast<int>(equal)));
    gate_of_[step.fault.name] = gates_.back().get();
  }
  system.links().on_moment([this](const std::string& link, const proxy::MomentEvent& event) {
    for (const auto& gate : gates_) gate->take(link, event);
  });
}

Strikes::~Strikes() { system_.links().on_moment({}); }

std::optional<base::Instant> Strikes::first_effect() const {
  std::optional<base::Instant> first;
  for (const Struck& struck : struck_) {
    if (struck.effect_at && (!first || *struck.effect_at < *first)) first = struck.effect_at;
  }
  return first;
}

awaitable<void> Strikes::carry_out(fault::Step step) {
  Struck struck{.fault = step.fault.name};
  if (auto never = co_await wait_for(step, struck)) {
    struck.observation = std::move(*never);
  } else if (!session_.watched()) {
    struck.observation = "the watchdog is gone, and nothing is injected without it";
  } else if (auto no_leader = co_await settle_leader(step)) {
    struck.observation = std::move(*no_leader);
  } else {
    co_await inject(step, struck);
  }
  co_await let_go(step.fault.name, MomentGate::Then::kPass);
  ended_[step.fault.name].over = true;
  if (struck.effect_at && watch_.over) watch_.over(*struck.effect_at);
  struck_.push_back(std::move(struck));
}

awaitable<void> Strikes::let_go(const std::string& fault, MomentGate::Then then) {
  const auto found = gate_of_.find(fault);
  if (found == gate_of_.end()) co_return;
  MomentGate* gate = found->second;
  gate_of_.erase(found);
  co_await gate->let_go(then);
}

awaitable<void> Strikes::inject(const fault::Step& step, Struck& struck) {
  if (const auto* rule = std::get_if<fault::OnLink>(&step.fault.action)) {
    co_await on_link(*rule, struck);
    co_return;
  }
  if (const auto* on = std::get_if<fault::OnTarget>(&step.fault.action)) {
    if (on->kind == "restart_loop") {
      co_await restart_loop(*on, step.replicas, struck);
    } else {
      co_await on_target(*on, step.replicas, struck);
    }
    co_return;
  }
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

void Strikes::began_to_strike(Struck& struck, std::string what) {
  struck.what = std::move(what);
  if (!struck.at.empty()) struck.what += " " + struck.at;
  struck.injected_at = base::now();
  on_event_(evidence::EventKind::fault, *struck.injected_at, struck.what);
}

void Strikes::took_effect(Struck& struck, base::Instant at, std::string observation) {
  struck.effect_at = at;
  ended_[struck.fault].effect = at;
  on_event_(evidence::EventKind::effect, at, observation);
  struck.observation = std::move(observation);
  if (watch_.took_effect) watch_.took_effect(at);
}

awaitable<void> Strikes::kill(const fault::Kill& action, std::vector<Victim> victims, Struck& struck) {
  const int number = signal_number(action.signal);
  std::vector<int> starts;
  starts.reserve(victims.size());
  std::vector<std::size_t> members;
  for (const Victim& victim : victims) {
    members.push_back(victim.tree.members().size());
    starts.push_back(victim.slot ? victim.slot->starts() : victim.server ? victim.server->starts() : 0);
  }
  began_to_strike(struck, fmt::format("SIG{} to {}", action.signal, names_of(victims)));
  std::optional<base::Instant> effect;
  std::string observation;
  for (const Victim& victim : victims) {
    const base::Instant deadline = base::now() + kEffectPatience;
    base::Result<inject::Injected> injected = base::fail("not tried");
    const bool whole = action.scope == fault::Scope::kTree || action.scope == fault::Scope::kProcess;
    if (victim.slot != nullptr && whole) victim.slot->expect_end(action.down_time);
    switch (action.scope) {
      case fault::Scope::kTree:
        injected = co_await inject::kill_tree(victim.tree, number, deadline);
        break;
      case fault::Scope::kProcess:
        injected = co_await inject::kill_process(victim.identity(), number, deadline);
        break;
      case fault::Scope::kChildren:
      case fault::Scope::kChild:
        injected = co_await inject::kill_children(victim.tree, action.scope == fault::Scope::kChild, number,
                                                  deadline);
        break;
    }
    if (!injected || !injected->took_effect()) {
      if (victim.slot != nullptr) victim.slot->expect_no_end();
      struck.observation = injected ? injected->observation : injected.error().message();
      co_return;
    }
    effect = std::max(effect.value_or(*injected->effect_at), *injected->effect_at);
    observation += (observation.empty() ? "" : "; ") + injected->observation;
  }
  took_effect(struck, *effect, std::move(observation));
  for (const Victim& victim : victims) {
    if (victim.server == nullptr) continue;
    co_await system_.links().listen_for(victim.server->client_port(), false);
  }
  co_await let_go(struck.fault, after_kill_of(action.target, struck.fault));
  // Beyond this point the victims are dead.
  const bool children = action.scope == fault::Scope::kChildren || action.scope == fault::Scope::kChild;
  for (std::size_t i = 0; i < victims.size(); ++i) {
    if (children) {
      co_await wait_for_children(victims[i], members[i], struck);
    } else {
      co_await bring_back(action, victims, i, starts[i], struck);
    }
    if (struck.not_healed) co_return;
  }
  if (struck.healed_at) ended_[struck.fault].heal = struck.healed_at;
}

// What a dead process has sent and the other end has not seen is gone with its connection.
MomentGate::Then Strikes::after_kill_of(const std::string& target, const std::string& fault) const {
  const auto gate = gate_of_.find(fault);
  if (gate == gate_of_.end()) return MomentGate::Then::kPass;
  const bool is_server = system_.deployment() != nullptr && system_.deployment()->find(target) != nullptr;
  return is_server || target == gate->second->at().link ? MomentGate::Then::kCut
                                                        : MomentGate::Then::kPassUnlessDead;
}

// The process that came for number `index` of the dead: of several, in the order of their pids.
awaitable<std::optional<process::ProcessIdentity>> Strikes::next_attached(const std::vector<Victim>& victims,
                                                                          std::size_t index,
                                                                          base::Instant deadline) {
  const experiment::Process& process = *victims[index].process;
  while (base::now() < deadline) {
    auto found = system_.find(process, *process.attached());
    std::erase_if(found, [&](const process::ProcessIdentity& identity) {
      return std::ranges::find(victims, identity, &Victim::identity) != victims.end();
    });
    if (found.size() > index) co_return found[index];
    co_await sleep_until(base::now() + kPoll);
  }
  co_return std::nullopt;
}

awaitable<void> Strikes::bring_back(const fault::Kill& action, const std::vector<Victim>& victims,
                                    std::size_t index, int starts_before, Struck& struck) {
  const Victim& victim = victims[index];
  if (victim.process != nullptr && victim.process->restart.by == experiment::RestartedBy::kNobody) {
    struck.back_as = "nobody restarts it";
    co_return;
  }
  const base::Instant deadline = base::now() + action.down_time.value_or(base::Nanos{0}) + kBackPatience;
  const base::Instant dead = *struck.effect_at;
  pid_t now = -1;
  if (victim.server != nullptr) {
    co_await sleep_until(dead + action.down_time.value_or(base::Nanos{0}));
    const auto started = co_await victim.server->start(base::now() + kEffectPatience);
    if (!started) {
      struck.not_healed = started.error().message();
      co_return;
    }
    co_await system_.links().listen_for(victim.server->client_port(), true);
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
    const auto fresh = co_await next_attached(victims, index, deadline);
    if (!fresh) {
      struck.not_healed =
          fmt::format("nobody brought {} back within {}", victim.name, base::format_duration(kBackPatience));
      co_return;
    }
    struck.healed_at = base::now();
    now = fresh->pid;
  }
  struck.back_as = fmt::format("back as {}", now);
  on_event_(evidence::EventKind::heal, *struck.healed_at,
            fmt::format("{} is {}", victim.name, struck.back_as));
}

awaitable<void> Strikes::freeze(const fault::Freeze& action, std::vector<Victim> victims, Struck& struck) {
  began_to_strike(struck, fmt::format("SIGSTOP to {}", names_of(victims)));
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
  co_await let_go(struck.fault, MomentGate::Then::kPass);
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

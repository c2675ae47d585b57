// The strikes of fault::OnTarget: the kinds that are one file of inject/ each, and the restart loop, which is
// a kill again and again. Leaders are found here, at the instant of the strike.
#include <algorithm>
#include <utility>

#include "experiment/targets.h"
#include "fault/fault_kind.h"
#include "inject/kill.h"
#include "inject/reversible.h"
#include "run/strike.h"

namespace squall::run {

using boost::asio::awaitable;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr base::Nanos kEffectPatience = seconds(10);
constexpr base::Nanos kHealPatience = seconds(60);
constexpr base::Nanos kAnswer = seconds(2);
constexpr base::Nanos kPoll = milliseconds(1);

bool strikes_processes(const fault::OnTarget& action) {
  const fault::KindDoc* kind = fault::find_kind(action.kind);
  return kind != nullptr &&
         (kind->target == fault::TargetKind::kProcess || kind->target == fault::TargetKind::kServer);
}

}  // namespace

// A leader becomes the server that leads now. Returns why there is none.
awaitable<std::optional<std::string>> Strikes::settle_leader(fault::Step& step) {
  const std::string target = fault::target_of(step.fault.action);
  if (!experiment::is_leader(target)) co_return std::nullopt;
  const std::string of = target.substr(target.find(':') + 1);
  std::string leader;
  const base::Instant deadline = base::now() + kAnswer;
  if (of == "meta") {
    const auto meta = co_await system_.deployment()->meta_leader(deadline);
    leader = meta.value_or("");
  } else {
    auto jetstream = co_await system_.nats().jetstream(deadline);
    if (!jetstream) co_return jetstream.error().message();
    const std::size_t slash = of.find('/');
    if (slash == std::string::npos) {
      const auto stream = co_await jetstream->stream(of, deadline);
      if (!stream) co_return fmt::format("stream {}: {}", of, stream.error().message());
      leader = stream->leader;
    } else {
      const auto consumer = co_await jetstream->consumer(of.substr(0, slash), of.substr(slash + 1), deadline);
      if (!consumer) co_return fmt::format("consumer {}: {}", of, consumer.error().message());
      leader = consumer->leader;
    }
  }
  if (leader.empty()) co_return fmt::format("nobody leads {} now", of);
  step.fault.action = fault::with_target(std::move(step.fault.action), leader);
  co_return std::nullopt;
}

awaitable<void> Strikes::on_target(fault::OnTarget action, std::vector<int> replicas, Struck& struck) {
  inject::Surroundings around{.io = session_.io(),
                              .safety = safety_,
                              .fault_name = struck.fault,
                              .jetstream = [this](base::Instant by) { return system_.nats().jetstream(by); },
                              .run_id = session_.run_id(),
                              .folder = system_.folder_of_commands(),
                              .log_folder = session_.folder().logs()};
  std::vector<Victim> victims;
  if (strikes_processes(action)) {
    auto found = system_.resolve(action.target, replicas);
    if (!found) {
      struck.observation = found.error().message();
      co_return;
    }
    victims = std::move(*found);
  }
  std::vector<int> starts;
  for (const Victim& victim : victims) {
    if (victim.server != nullptr) around.server = victim.server;
    around.processes.push_back({.name = victim.name, .tree = victim.tree});
    starts.push_back(victim.slot != nullptr ? victim.slot->starts() : 0);
  }
  for (auto& [name, setting] : action.settings) {
    auto* words = std::get_if<std::vector<std::string>>(&setting);
    if (words == nullptr) continue;
    for (std::string& word : *words) {
      auto filled = system_.filled_in(word);
      if (!filled) {
        struck.observation = filled.error().message();
        co_return;
      }
      word = std::move(*filled);
    }
  }
  const base::Nanos lasts = action.duration;
  const std::string what = fault::describe(action);
  auto made = inject::make_reversible(std::move(action), std::move(around));
  if (!made) {
    struck.observation = made.error().message();
    co_return;
  }
  inject::Reversible& fault = **made;
  began_to_strike(struck, what);
  const auto injected = co_await fault.inject(base::now() + kEffectPatience);
  const bool effect = injected && injected->took_effect();
  if (effect) {
    took_effect(struck, *injected->effect_at, injected->observation);
    co_await let_go(struck.fault, MomentGate::Then::kPass);
    co_await sleep_until(*injected->effect_at + lasts);
  } else {
    struck.observation = injected ? injected->observation : injected.error().message();
  }
  // What was injected is undone, also where it had no effect.
  const auto healed = co_await fault.heal(base::now() + kHealPatience);
  if (!healed || (!healed->took_effect() && !healed->vanished)) {
    struck.not_healed = healed ? healed->observation : healed.error().message();
    co_return;
  }
  if (!effect) co_return;
  struck.healed_at = healed->effect_at.value_or(healed->healed_at);
  on_event_(evidence::EventKind::heal, *struck.healed_at, healed->observation);
  co_await wait_for_those_that_ended(victims, starts, struck);
  if (!struck.not_healed) ended_[struck.fault].heal = struck.healed_at;
}

// A signal may have ended its target: then the heal is its coming back, as after a kill.
awaitable<void> Strikes::wait_for_those_that_ended(const std::vector<Victim>& victims,
                                                   const std::vector<int>& starts, Struck& struck) {
  for (std::size_t i = 0; i < victims.size(); ++i) {
    const Victim& victim = victims[i];
    if (victim.server != nullptr || process::is_alive(victim.identity())) continue;
    const fault::Kill as_if{.target = victim.name, .down_time = {}};
    co_await bring_back(as_if, victims, i, starts[i], struck);
    if (struck.not_healed) co_return;
  }
}

// Who supervises them brings them back, or dies of it and is brought back itself.
awaitable<void> Strikes::wait_for_children(const Victim& victim, std::size_t members, Struck& struck) {
  const base::Instant deadline = base::now() + kHealPatience;
  while (base::now() < deadline) {
    auto now = system_.resolve(victim.name, {});
    const bool back = now && std::ranges::any_of(*now, [&](const Victim& each) {
                        return each.tree.members().size() >= members;
                      });
    if (back) {
      struck.healed_at = base::now();
      struck.back_as = "its children are back";
      on_event_(evidence::EventKind::heal, *struck.healed_at,
                fmt::format("{}: {}", victim.name, struck.back_as));
      co_return;
    }
    co_await sleep_until(base::now() + kPoll);
  }
  struck.not_healed = fmt::format("nobody brought the children of {} back within {}", victim.name,
                                  base::format_duration(kHealPatience));
}

awaitable<void> Strikes::restart_loop(fault::OnTarget action, std::vector<int> replicas, Struck& struck) {
  const auto times = static_cast<int>(action.number("times"));
  const base::Nanos pause = action.milliseconds("pause_ms");
  const fault::Kill kill{.target = action.target, .scope = fault::Scope::kTree, .down_time = {}};
  for (int time = 1; time <= times; ++time) {
    auto victims = system_.resolve(action.target, replicas);
    const base::Instant give_up = base::now() + kEffectPatience;
    while (!victims && base::now() < give_up) {
      co_await sleep_until(base::now() + kPoll);
      victims = system_.resolve(action.target, replicas);
    }
    if (!victims) {
      struck.not_healed = fmt::format("kill {} of {}: {}", time, times, victims.error().message());
      co_return;
    }
    for (std::size_t i = 0; i < victims->size(); ++i) {
      const Victim& victim = (*victims)[i];
      if (victim.server != nullptr) {
        struck.observation = "a server is no target of a restart loop: kill it with every and repeat";
        co_return;
      }
      const int starts = victim.slot != nullptr ? victim.slot->starts() : 0;
      if (time == 1 && !struck.injected_at)
        began_to_strike(struck, fmt::format("{} kills of {}", times, victim.name));
      if (victim.slot != nullptr) victim.slot->expect_end({});
      const auto killed = co_await inject::kill_tree(victim.tree, 9, base::now() + kEffectPatience);
      if (!killed || !killed->took_effect()) {
        if (victim.slot != nullptr) victim.slot->expect_no_end();
        (struck.effect_at ? struck.not_healed.emplace() : struck.observation) =
            killed ? killed->observation : killed.error().message();
        co_return;
      }
      if (!struck.effect_at) {
        took_effect(struck, *killed->effect_at, killed->observation);
        co_await let_go(struck.fault, after_kill_of(action.target, struck.fault));
      } else {
        on_event_(evidence::EventKind::effect, *killed->effect_at, killed->observation);
      }
      co_await bring_back(kill, *victims, i, starts, struck);
      if (struck.not_healed) co_return;
    }
    if (time < times) co_await sleep_until(base::now() + pause);
  }
  struck.observation = fmt::format("killed {} times", times);
  ended_[struck.fault].heal = struck.healed_at;
}

}  // namespace squall::run

// The strikes on links: a rule is put on, its effect is looked for, and it is taken off.
#include <utility>

#include "inject/on_link.h"
#include "run/strike.h"

namespace squall::run {

using boost::asio::awaitable;

awaitable<void> Strikes::on_link(const fault::OnLink& action, Struck& struck) {
  SystemLinks& links = system_.links();
  inject::OnLink::Plan plan{
      .link = action.target, .links = links.proxied(action.target), .rule = action.rule};
  plan.rule.name = struck.fault;
  if (plan.links.empty()) {
    struck.observation = fmt::format("there is no link {}", action.target);
    co_return;
  }
  // The frame at whose moment this strikes is let go first: held frames are not struck.
  co_await let_go(struck.fault, MomentGate::Then::kPass);
  inject::OnLink rule(links.proxy(), std::move(plan), safety_);
  const base::Instant began = base::now();
  began_to_strike(struck, fmt::format("{} on link {}", action.kind, action.target));
  // What has had no effect in all its time is taken off, and has proven nothing.
  auto injected = co_await rule.inject(began + action.duration);
  if (!injected) {
    struck.observation = injected.error().message();
    co_return;
  }
  const auto effect_at = injected->effect_at;
  if (effect_at) {
    took_effect(struck, *effect_at, std::move(injected->observation));
    co_await sleep_until(*effect_at + action.duration);
  } else {
    struck.observation = std::move(injected->observation);
  }
  const auto healed = co_await rule.heal();
  if (!healed || !healed->took_effect()) {
    struck.not_healed = healed ? healed->observation : healed.error().message();
    co_return;
  }
  // Beyond this point the link is as new.
  if (effect_at) struck.observation = fmt::format("link {}: {}", action.target, rule.tally());
  struck.healed_at = healed->effect_at;
  ended_[struck.fault].heal = struck.healed_at;
  on_event_(evidence::EventKind::heal, *struck.healed_at, healed->observation);
}

}  // namespace squall::run

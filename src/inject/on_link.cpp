#include "inject/on_link.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace squall::inject {
namespace {

namespace asio = boost::asio;

constexpr base::Nanos kLookAgain = std::chrono::milliseconds{1};

asio::awaitable<void> pause_shortly() {
  asio::steady_timer timer(co_await asio::this_coro::executor, kLookAgain);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

// What one rule has done on all the links that it is on.
struct Seen {
  proxy::FaultEffect effect;
  std::size_t unread = 0;  // bytes that wait before a black hole
};

Seen see(proxy::Links& links, const std::vector<std::string>& names, const fault::LinkFault& rule) {
  Seen seen;
  for (const std::string& name : names) {
    const auto status = links.status(name);
    if (!status) continue;
    for (const proxy::FaultStatus& one : status->faults) {
      if (one.fault.name != rule.name) continue;
      seen.effect.connections += one.effect.connections;
      seen.effect.bytes += one.effect.bytes;
      seen.effect.frames += one.effect.frames;
      seen.effect.cut += one.effect.cut;
    }
    if (!std::holds_alternative<fault::BlackHole>(rule.action)) continue;
    const auto connections = links.connections(name);
    if (!connections) continue;
    for (const proxy::ConnectionStatus& connection : *connections) {
      if (std::ranges::find(connection.faults, rule.name) == connection.faults.end()) continue;
      if (rule.stream != fault::LinkStream::kDownstream) seen.unread += connection.unread_up;
      if (rule.stream != fault::LinkStream::kUpstream) seen.unread += connection.unread_down;
    }
  }
  return seen;
}

// What proves each kind of fault. That a rule was put on a connection proves nothing but where it does at
// once all that it will do.
struct HasEffect {
  const Seen& seen;

  bool operator()(const fault::NatsFault&) const { return seen.effect.frames > 0; }
  bool operator()(const fault::HalfOpen&) const { return seen.effect.connections > 0; }
  bool operator()(const fault::BlackHole&) const { return seen.effect.bytes + seen.unread > 0; }
  bool operator()(const fault::Latency&) const { return seen.effect.bytes > 0; }
  bool operator()(const fault::Bandwidth&) const { return seen.effect.bytes > 0; }
  bool operator()(const fault::Timeout&) const { return seen.effect.bytes + seen.effect.cut > 0; }
  bool operator()(const fault::Slicer&) const { return seen.effect.bytes > 0; }
  bool operator()(const fault::SlowClose&) const { return seen.effect.cut > 0; }
  bool operator()(const fault::ResetPeer&) const { return seen.effect.cut > 0; }
  bool operator()(const fault::Refuse&) const { return seen.effect.cut > 0; }
  bool operator()(const fault::CutAfterBytes&) const { return seen.effect.cut > 0; }
  bool operator()(const fault::CutAfterTime&) const { return seen.effect.cut > 0; }
  bool operator()(const fault::LimitData&) const { return seen.effect.bytes + seen.effect.cut > 0; }
};

std::string text_of(const Seen& seen) {
  std::string text;
  const auto add = [&text](std::uint64_t count, std::string_view what) {
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
  };
  add(seen.effect.frames, "frames struck");
  add(seen.effect.bytes, "bytes affected");
  add(seen.unread, "bytes not let through");
  add(seen.effect.cut, "connections cut or refused");
  if (seen.effect.frames == 0) add(seen.effect.connections, "connections touched");
  return text.empty() ? "nothing was struck" : text;
}

}  // namespace

OnLink::OnLink(proxy::Proxy& proxy, Plan plan, Safety safety)
    : proxy_(proxy), plan_(std::move(plan)), safety_(std::move(safety)) {
  if (auto* nats = std::get_if<fault::NatsFault>(&plan_.rule.action)) nats->name = plan_.rule.name;
}

OnLink::~OnLink() {
  if (!active_) return;
  safety_.reached(Stage::kHealing);
  const auto removed = proxy_.call([this](proxy::Links& links) {
    std::size_t count = 0;
    for (const std::string& link : plan_.links) count += links.remove_fault(link, plan_.rule.name) ? 1 : 0;
    return count;
  });
  (void)settled(removed);
}

asio::awaitable<base::Result<void>> OnLink::put_on() {
  const auto add = [this](proxy::Links& links) -> base::Result<void> {
    for (const std::string& link : plan_.links) {
      if (auto added = links.add_fault(link, plan_.rule); !added) return std::unexpected(added.error());
    }
    return {};
  };
  co_return co_await proxy_.ask(add);
}

// Whether there is an effect; the tally says which.
asio::awaitable<bool> OnLink::look() {
  const auto see_it = [this](proxy::Links& links) { return see(links, plan_.links, plan_.rule); };
  const Seen seen = co_await proxy_.ask(see_it);
  tally_ = text_of(seen);
  co_return std::visit(HasEffect{seen}, plan_.rule.action);
}

asio::awaitable<base::Result<Injected>> OnLink::inject(base::Instant deadline) {
  const fault::Undo undo = fault::EndsWithRun{fmt::format("link {}: {}", plan_.link, describe(plan_.rule))};
  const auto armed = safety_.arm(plan_.rule.name, undo, {});
  if (!armed) co_return base::fail_within("not put on the link", armed.error());
  entry_ = *armed;
  active_ = true;
  const base::Instant injected_at = base::now();
  if (const auto added = co_await put_on(); !added) {
    (void)co_await heal();
    co_return std::unexpected(added.error());
  }
  safety_.reached(Stage::kActive);
  // Beyond this point the rule is on the link until it is healed.
  while (true) {
    const bool effect = co_await look();
    const base::Instant looked_at = base::now();
    if (effect) {
      co_return Injected{.injected_at = injected_at,
                         .effect_at = looked_at,
                         .observation = fmt::format("link {}: {} after {}", plan_.link, tally_,
                                                    base::format_duration(looked_at - injected_at))};
    }
    if (looked_at >= deadline) break;
    co_await pause_shortly();
  }
  co_return Injected{.injected_at = injected_at,
                     .effect_at = {},
                     .observation = fmt::format("link {}: {} in {}: {}", plan_.link, describe(plan_.rule),
                                                base::format_duration(base::now() - injected_at), tally_)};
}

base::Result<void> OnLink::settled(std::size_t removed) {
  active_ = false;
  const fault::Undone undone{
      removed == plan_.links.size() ? fault::UndoState::kUndone : fault::UndoState::kVanished,
      removed == plan_.links.size() ? "off the link" : "the link was gone"};
  return safety_.settle(entry_, undone);
}

asio::awaitable<base::Result<Healed>> OnLink::heal() {
  const base::Instant healed_at = base::now();
  if (!active_)
    co_return Healed{.healed_at = healed_at, .effect_at = healed_at, .observation = "was not on the link"};
  safety_.reached(Stage::kHealing);
  const auto take_off = [this](proxy::Links& links) {
    tally_ = text_of(see(links, plan_.links, plan_.rule));
    std::size_t removed = 0;
    for (const std::string& link : plan_.links) removed += links.remove_fault(link, plan_.rule.name) ? 1 : 0;
    return removed;
  };
  const std::size_t removed = co_await proxy_.ask(take_off);
  const base::Instant off_at = base::now();
  if (auto recorded = settled(removed); !recorded) {
    co_return base::fail_within("off the link, but not recorded", recorded.error());
  }
  co_return Healed{.healed_at = healed_at,
                   .effect_at = off_at,
                   .vanished = removed < plan_.links.size(),
                   .observation = fmt::format("link {}: {} is off; {}", plan_.link, plan_.rule.name, tally_)};
}

}  // namespace squall::inject

#include "probe/operational.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>

#include "base/invariant.h"
#include "base/task_group.h"

namespace squall::probe {

namespace asio = boost::asio;

namespace {

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr base::Nanos kStopPatience = std::chrono::seconds{5};

struct Entry {
  ProbeOptions options;
  std::unique_ptr<Probe> probe;
  std::optional<Observation> last;

  Answer answer() const { return last ? last->answer : Answer::kUnknown; }
  bool holds_up() const { return options.required && answer() != Answer::kGreen; }
};

}  // namespace

struct Operational::State {
  explicit State(asio::io_context& context) : io(context), tasks(context.get_executor()) {}

  asio::io_context& io;
  std::list<Entry> entries;  // stable addresses: the tasks refer to them
  OnObservation on_observation;
  OnChange on_change;
  std::optional<base::Instant> operational_since;
  std::list<asio::steady_timer*> waiting;
  bool stopped = false;
  base::TaskGroup tasks;

  bool all_green() const {
    const bool any_required = std::ranges::any_of(entries, [](const Entry& e) { return e.options.required; });
    return any_required && std::ranges::none_of(entries, &Entry::holds_up);
  }

  void record(Entry& entry, Observation observation) {
    const Answer before = entry.answer();
    entry.last = std::move(observation);
    const bool green = all_green();
    if (!green) operational_since.reset();
    if (green && !operational_since) {
      operational_since = entry.last->answered_at;
      for (asio::steady_timer* timer : waiting) timer->cancel();
    }
    if (on_observation) on_observation(entry.options.name, *entry.last);
    if (before != entry.answer() && on_change && !stopped) {
      on_change({.probe = entry.options.name, .from = before, .now = *entry.last});
    }
  }

  // Keeps the state alive until the last question has ended.
  static asio::awaitable<void> ask_forever(std::shared_ptr<State> state, Entry& entry) {
    asio::steady_timer timer(state->io);
    while (!state->stopped) {
      const base::Instant asked_at = base::now();
      Finding finding = co_await entry.probe->ask(asked_at + entry.options.patience);
      if (state->stopped) break;
      state->record(entry, {.answer = finding.answer,
                            .reason = std::move(finding.reason),
                            .asked_at = asked_at,
                            .answered_at = base::now()});
      timer.expires_at(asked_at + entry.options.cadence);
      co_await timer.async_wait(kToken);
    }
  }
};

Operational::Operational(asio::io_context& io) : state_(std::make_shared<State>(io)) {}

Operational::~Operational() {
  state_->stopped = true;
  state_->on_observation = {};
  state_->on_change = {};
  state_->tasks.cancel();
}

void Operational::add(ProbeOptions options, std::unique_ptr<Probe> probe) {
  SQUALL_CHECK(state_->tasks.running() == 0);
  SQUALL_CHECK(!last(options.name));
  state_->entries.push_back({std::move(options), std::move(probe), std::nullopt});
}

void Operational::on_observation(OnObservation callback) { state_->on_observation = std::move(callback); }
void Operational::on_change(OnChange callback) { state_->on_change = std::move(callback); }

void Operational::start() {
  for (Entry& entry : state_->entries) {
    state_->tasks.spawn("probe " + entry.options.name, State::ask_forever(state_, entry));
  }
}

asio::awaitable<base::Result<void>> Operational::stop() {
  const auto state = state_;
  state->stopped = true;
  state->tasks.cancel();
  co_return co_await state->tasks.join(base::now() + kStopPatience);
}

bool Operational::is_operational() const { return state_->operational_since.has_value(); }

std::vector<std::string> Operational::required() const {
  std::vector<std::string> names;
  for (const Entry& entry : state_->entries) {
    if (entry.options.required) names.push_back(entry.options.name);
  }
  return names;
}

std::optional<Observation> Operational::last(std::string_view probe) const {
  for (const Entry& entry : state_->entries) {
    if (entry.options.name == probe) return entry.last;
  }
  return std::nullopt;
}

std::vector<std::string> Operational::not_green() const {
  std::vector<std::string> names;
  for (const Entry& entry : state_->entries) {
    if (!entry.holds_up()) continue;
    const std::string reason = entry.last ? entry.last->reason : "not asked yet";
    names.push_back(reason.empty() ? entry.options.name : fmt::format("{}: {}", entry.options.name, reason));
  }
  return names;
}

asio::awaitable<base::Result<base::Instant>> Operational::wait_operational(base::Instant deadline) {
  const auto state = state_;
  asio::steady_timer timer(state->io, deadline);
  const auto place = state->waiting.insert(state->waiting.end(), &timer);
  if (!state->operational_since) co_await timer.async_wait(kToken);
  state->waiting.erase(place);
  if (state->operational_since) co_return *state->operational_since;
  co_return base::fail("not operational in time: {}", fmt::join(not_green(), "; "));
}

}  // namespace squall::probe

#include "workload/workload.h"

#include <algorithm>
#include <thread>

#include "base/invariant.h"

namespace squall::workload {
namespace {

using boost::asio::awaitable;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Nanos kFlushInterval = milliseconds(100);
// For one answer in the drain; so much may it overrun its deadline, rather than blame that for what is left.
constexpr base::Nanos kLook = milliseconds(500);

ledger::Layout layout_of(const WorkloadOptions& options) {
  ledger::Layout layout{
      .stages = {}, .key_prefix = options.key_prefix, .anchor = base::WallAnchor::take(), .fan_out = {}};
  for (const EffectSource& effect : options.effects) {
    layout.stages.push_back(effect.stage);
    layout.fan_out.push_back(effect.per_input);
  }
  return layout;
}

// The load's options with the stage of its replies filled in.
PublisherOptions with_replies(const WorkloadOptions& options) {
  PublisherOptions load = options.load;
  for (std::size_t stage = 0; stage < options.effects.size(); ++stage) {
    const auto* reply = std::get_if<ReplyEffects>(&options.effects[stage].how);
    if (reply != nullptr) load.reply = {.stage = static_cast<ledger::Stage>(stage), .match = reply->match};
  }
  return load;
}

}  // namespace

Workload::Workload(WorkloadOptions options)
    : options_(std::move(options)),
      thread_(std::make_unique<base::ControlThread>("workload")),
      recorder_(layout_of(options_), options_.ledger_sink),
      dialer_(thread_->io(), options_.nats),
      publisher_(thread_->io(), with_replies(options_), dialer_, recorder_) {
  SQUALL_CHECK(!options_.effects.empty());
  for (std::size_t stage = 0; stage < options_.effects.size(); ++stage) {
    const EffectSource& effect = options_.effects[stage];
    const auto number = static_cast<ledger::Stage>(stage);
    if (const auto* stored = std::get_if<StoredEffects>(&effect.how)) {
      stored_.push_back(std::make_unique<StoredEffectsReader>(*stored, number, dialer_, recorder_));
    } else if (const auto* command = std::get_if<CommandEffects>(&effect.how)) {
      commands_.push_back(std::make_unique<CommandEffectsReader>(thread_->io(), *command, number, recorder_));
    }
  }
  if (options_.inputs) exhaustion_.emplace(*options_.inputs, recorder_);
}

Workload::~Workload() {
  thread_->call([this] {
    publisher_.stop();
    if (tasks_) tasks_->cancel();
    publisher_.disconnect();
  });
  if (tasks_) (void)thread_->run(tasks_->join(base::now() + seconds(2)));
  // On every way out, an interrupted run's too.
  for (const auto& effect : stored_) thread_->run(effect->leave(base::now() + milliseconds(500)));
  thread_->call([this] {
    tasks_.reset();
    recorder_.flush();
  });
  commands_.clear();
  thread_.reset();
}

void Workload::start() {
  thread_->call([this] { spawn_tasks(); });
}

void Workload::spawn_tasks() {
  tasks_ = std::make_unique<base::TaskGroup>(thread_->io().get_executor());
  const base::Nanos pause = options_.load.reconnect_pause;
  for (const auto& effect : stored_) tasks_->spawn("read " + effect->stream(), effect->read(pause));
  for (const auto& command : commands_) command->start();
  if (options_.inputs) tasks_->spawn("watch " + options_.inputs->stream, watch_inputs());
  for (std::uint32_t number = 0; number < publisher_.connections(); ++number) {
    tasks_->spawn("keep connected", publisher_.keep_connected(number));
  }
  tasks_->spawn("publish", publisher_.begin());
  tasks_->spawn("flush the ledger", flush_ledger());
}

void Workload::stop_load() {
  thread_->call([this] {
    publisher_.stop();
    recorder_.wait_for_all();
  });
  const base::Instant deadline = base::now() + options_.load.timeout + seconds(1);
  while (base::now() < deadline && thread_->call([this] { return publisher_.open(); }) > 0) {
    std::this_thread::sleep_for(milliseconds(2));
  }
  thread_->run(publisher_.reach_servers(deadline));
}

Drained Workload::drain(base::Instant deadline) {
  Drained drained{.caught_up = false, .left = "nothing was looked at"};
  const base::Instant began = base::now();
  // A command sees what was there when it started.
  const auto commands_are_current = [&] {
    return std::all_of(commands_.begin(), commands_.end(),
                       [&](const auto& command) { return command->seen_until() >= began; });
  };
  while (base::now() < deadline) {
    drained.left = thread_->run(what_is_left());
    drained.nothing_waits = drained.left.empty();
    if (drained.left.empty() && progress().oldest_unfinished_at) {
      drained.left = fmt::format("{} inputs without their last effect", progress().unfinished);
    }
    drained.caught_up = drained.left.empty() && thread_->call(commands_are_current);
    if (drained.caught_up) break;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return drained;
}

void Workload::finish(base::Instant deadline) {
  if (options_.inputs) thread_->run(scan(deadline));
  thread_->call([this] {
    publisher_.conclude();
    for (const auto& effect : stored_) effect->conclude();
    for (const auto& command : commands_) command->conclude();
    // What comes from now on is in nobody's verdict, and not in the ledger either.
    finished_ = true;
    tasks_->cancel();
    recorder_.flush();
  });
  (void)thread_->run(tasks_->join(base::now() + seconds(2)));
  commands_.clear();
}

void Workload::give_up_before(base::Instant instant) {
  thread_->call([&] { recorder_.give_up_before(instant); });
}

Progress Workload::progress() {
  return thread_->call([this] {
    Progress progress = recorder_.progress();
    progress.connected = publisher_.connection() != nullptr;
    return progress;
  });
}

std::vector<Doubt> Workload::doubts() {
  return thread_->call([this] { return recorder_.doubts(); });
}

void Workload::record(ledger::Circumstance circumstance) {
  thread_->call([&] { recorder_.record(std::move(circumstance)); });
}

void Workload::record(std::vector<ledger::Entry> seen) {
  boost::asio::post(thread_->io(), [this, seen = std::move(seen)] {
    if (finished_) return;
    for (const ledger::Entry& entry : seen) {
      // An identity that was not sent is somebody else's, whatever it looks like.
      if (entry.key.number && *entry.key.number < recorder_.ledger().size()) recorder_.record(entry);
    }
  });
}

std::optional<std::string> Workload::write_error() {
  return thread_->call([this] { return recorder_.write_error(); });
}

awaitable<void> Workload::flush_ledger() {
  while (true) {
    co_await sleep_until(base::now() + kFlushInterval);
    recorder_.flush();
  }
}

awaitable<void> Workload::watch_inputs() {
  while (true) {
    auto connection = co_await dialer_.dial("squall-watch");
    if (!connection || !exhaustion_->watch(**connection)) {
      co_await sleep_until(base::now() + options_.load.reconnect_pause);
      continue;
    }
    const std::shared_ptr<client::Connection>& open = *connection;
    while (!co_await open->wait_closed(base::now() + std::chrono::hours(1))) {
    }
  }
}

// What keeps the drain from being over; empty: nothing.
awaitable<std::string> Workload::what_is_left() {
  const std::shared_ptr<client::Connection> connection = publisher_.connection();
  if (!connection) co_return "no connection";
  for (const auto& effect : stored_) {
    const base::Instant by = base::now() + kLook;
    if (!co_await effect->at_end(connection, by))
      co_return fmt::format("{} is {}", effect->stream(), effect->gone() ? "gone" : "not read to its end");
  }
  if (options_.load.transport == Transport::kCore) co_return what_may_still_come();
  if (!options_.inputs) co_return "";
  const base::Instant by = base::now() + kLook;
  const ConsumersLeft consumers = co_await look_at_consumers(connection, *options_.inputs, served_, by);
  co_return consumers.left;
}

std::string Workload::what_may_still_come() {
  const ledger::Counts& counts = recorder_.ledger().counts();
  if (effect_seen_at_ == base::Instant{} || counts.effects.back() != effects_seen_) {
    effects_seen_ = counts.effects.back();
    effect_seen_at_ = base::now();
  }
  if (base::now() >= effect_seen_at_ + options_.quiet_for) return "";
  return fmt::format("effects came less than {} ago", base::format_duration(options_.quiet_for));
}

awaitable<void> Workload::scan(base::Instant deadline) {
  std::shared_ptr<client::Connection> connection = publisher_.connection();
  while (!connection && base::now() < deadline) {
    co_await sleep_until(base::now() + milliseconds(5));
    connection = publisher_.connection();
  }
  if (!connection) {
    recorder_.doubt(fmt::format("stream {} could not be looked at in the end: no connection ({})",
                                options_.inputs->stream, dialer_.last_error()));
    co_return;
  }
  co_await scan_inputs(connection, *options_.inputs, recorder_, deadline);
}

}  // namespace squall::workload

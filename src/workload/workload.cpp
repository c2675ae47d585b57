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

std::vector<std::string> stage_names(const std::vector<EffectStream>& effects) {
  std::vector<std::string> names;
  for (const EffectStream& effect : effects) names.push_back(effect.stage);
  return names;
}

}  // namespace

Workload::Workload(WorkloadOptions options)
    : options_(std::move(options)),
      thread_(std::make_unique<base::ControlThread>("workload")),
      recorder_(ledger::Layout{.stages = stage_names(options_.effects),
                               .key_prefix = options_.key_prefix,
                               .anchor = base::WallAnchor::take()},
                options_.ledger_sink),
      dialer_(thread_->io(), options_.servers),
      publisher_({.pacing = options_.pacing,
                  .make_input = options_.make_input,
                  .publish_timeout = options_.publish_timeout,
                  .reconnect_pause = options_.reconnect_pause},
                 dialer_, recorder_) {
  SQUALL_CHECK(!options_.effects.empty());
  for (std::size_t stage = 0; stage < options_.effects.size(); ++stage) {
    effects_.push_back(std::make_unique<EffectStreamReader>(
        options_.effects[stage], static_cast<ledger::Stage>(stage), dialer_, recorder_));
  }
}

Workload::~Workload() {
  thread_->call([this] {
    if (tasks_) tasks_->cancel();
    publisher_.disconnect();
  });
  if (tasks_) (void)thread_->run(tasks_->join(base::now() + seconds(2)));
  thread_->call([this] {
    tasks_.reset();
    recorder_.flush();
  });
  thread_.reset();
}

void Workload::start() {
  thread_->call([this] {
    tasks_ = std::make_unique<base::TaskGroup>(thread_->io().get_executor());
    tasks_->spawn("keep connected", publisher_.keep_connected());
    tasks_->spawn("publish", publisher_.publish_on_schedule());
    tasks_->spawn("flush the ledger", flush_ledger());
    for (const auto& effect : effects_) {
      tasks_->spawn("read " + effect->stream(), effect->read(options_.reconnect_pause));
    }
  });
}

void Workload::stop_load() {
  thread_->call([this] { publisher_.stop(); });
  const base::Instant deadline = base::now() + options_.publish_timeout + seconds(1);
  while (base::now() < deadline && progress().counts.open > 0) {
    std::this_thread::sleep_for(milliseconds(2));
  }
}

bool Workload::drain(base::Instant deadline) {
  while (base::now() < deadline) {
    const bool at_end = thread_->run(tails_at_end(deadline));
    if (at_end && !progress().oldest_unfinished_at) return true;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return false;
}

Progress Workload::progress() {
  return thread_->call([this] {
    Progress progress = recorder_.progress();
    progress.connected = publisher_.connected();
    return progress;
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

// Whether every effect stream has been read up to what is stored in it now.
awaitable<bool> Workload::tails_at_end(base::Instant deadline) {
  if (!publisher_.connected()) co_return false;
  const std::shared_ptr<client::Connection> connection = publisher_.connection();
  for (const auto& effect : effects_) {
    const base::Instant by = std::min(deadline, base::now() + milliseconds(500));
    if (!co_await effect->at_end(connection, by)) co_return false;
  }
  co_return true;
}

}  // namespace squall::workload

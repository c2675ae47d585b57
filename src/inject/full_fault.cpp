// A stream of ours that takes no more: its limit of messages is what it holds, and new ones are refused.
#include <algorithm>

#include "inject/stream_objects.h"

namespace squall::inject {
namespace {

using boost::asio::awaitable;
using nlohmann::json;

constexpr base::Nanos kLookAgain = std::chrono::milliseconds{5};

class FullFault : public Reversible {
 public:
  FullFault(fault::OnTarget fault, Surroundings around)
      : fault_(std::move(fault)), around_(std::move(around)) {}

  awaitable<base::Result<Injected>> inject(base::Instant deadline) override {
    const auto before = co_await stream_now(&around_, fault_.target);
    if (!before) co_return std::unexpected(before.error());
    config_ = before->config;
    const fault::EndsWithRun undo{.what = fmt::format("stream {} takes no more", fault_.target)};
    const auto armed = around_.safety.arm(around_.fault_name, undo, fault_.duration);
    if (!armed) co_return base::fail_within("not limited", armed.error());
    entry_ = *armed;
    json limited = config_;
    // 0 would be no limit at all.
    const std::uint64_t limit = std::max<std::uint64_t>(before->messages, 1);
    limited["max_msgs"] = limit;
    limited["discard"] = "new";
    const base::Instant injected_at = base::now();
    const auto answer = co_await ask_jetstream(&around_, "STREAM.UPDATE", fault_.target, "", limited.dump());
    if (!answer) co_return std::unexpected(answer.error());
    active_ = true;
    around_.safety.reached(Stage::kActive);
    while (base::now() < deadline) {
      const auto now = co_await stream_now(&around_, fault_.target);
      if (now && now->config.value("max_msgs", std::int64_t{-1}) > 0 && now->messages >= limit) {
        co_return Injected{.injected_at = injected_at,
                           .effect_at = base::now(),
                           .observation = fmt::format("{} holds {} messages and may hold {}", fault_.target,
                                                      now->messages, limit)};
      }
      co_await wait_shortly(kLookAgain);
    }
    co_return Injected{.injected_at = injected_at,
                       .effect_at = {},
                       .observation = fmt::format("{} never held as many messages as it may", fault_.target)};
  }

  awaitable<base::Result<Healed>> heal(base::Instant) override {
    if (!active_) co_return nothing_to_heal("it was not limited");
    const base::Instant healed_at = base::now();
    around_.safety.reached(Stage::kHealing);
    const auto answer = co_await ask_jetstream(&around_, "STREAM.UPDATE", fault_.target, "", config_.dump());
    if (!answer) co_return std::unexpected(answer.error());
    const auto now = co_await stream_now(&around_, fault_.target);
    if (!now) co_return std::unexpected(now.error());
    Healed healed{
        .healed_at = healed_at, .effect_at = {}, .observation = fault_.target + " has its limits of before"};
    if (now->config.value("max_msgs", std::int64_t{-1}) != config_.value("max_msgs", std::int64_t{-1})) {
      healed.observation = fault_.target + " still has our limit";
      co_return healed;
    }
    active_ = false;
    healed.effect_at = base::now();
    co_return heal_seen(around_.safety, entry_, std::move(healed));
  }

 private:
  fault::OnTarget fault_;
  Surroundings around_;
  json config_;
  std::uint64_t entry_ = 0;
  bool active_ = false;
};

}  // namespace

std::unique_ptr<Reversible> make_full(fault::OnTarget fault, Surroundings around) {
  return std::make_unique<FullFault>(std::move(fault), std::move(around));
}

}  // namespace squall::inject

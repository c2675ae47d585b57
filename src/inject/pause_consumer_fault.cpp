// A consumer of ours paused by the server, which also ends the pause by itself. Servers know it from 2.11 on.
#include "cluster/nats_binary.h"
#include "inject/stream_objects.h"

namespace squall::inject {
namespace {

using boost::asio::awaitable;
using nlohmann::json;

constexpr cluster::NatsVersion kFirstWithPause{2, 11, 0};

class PauseConsumerFault : public Reversible {
 public:
  PauseConsumerFault(fault::OnTarget fault, Surroundings around)
      : fault_(std::move(fault)), around_(std::move(around)) {
    const std::size_t slash = fault_.target.find('/');
    stream_ = fault_.target.substr(0, slash);
    consumer_ = slash == std::string::npos ? "" : fault_.target.substr(slash + 1);
  }

  awaitable<base::Result<Injected>> inject(base::Instant) override {
    const base::Instant deadline = base::now() + kJetStreamAnswer;
    auto jetstream = co_await around_.jetstream(deadline);
    if (!jetstream) co_return std::unexpected(jetstream.error());
    const auto version = cluster::parse_version(jetstream->connection()->server().version);
    if (!version || *version < kFirstWithPause) {
      co_return base::fail("nats-server {} pauses no consumers: that needs {}",
                           jetstream->connection()->server().version, kFirstWithPause.text());
    }
    const fault::EndsWithRun undo{.what = fmt::format("consumer {} is paused", fault_.target)};
    const auto armed = around_.safety.arm(around_.fault_name, undo, fault_.duration);
    if (!armed) co_return base::fail_within("not paused", armed.error());
    entry_ = *armed;
    const base::Instant injected_at = base::now();
    // Longer than it is to last, so that the end is ours; and an end, if we should be gone.
    const auto until = base::wall_now() + fault_.duration + around_.safety.grace;
    std::string body = json{{"pause_until", base::format_utc(until)}}.dump();
    const auto answer =
        co_await ask_jetstream(&around_, "CONSUMER.PAUSE", stream_, consumer_, std::move(body));
    if (!answer) co_return std::unexpected(answer.error());
    active_ = true;
    around_.safety.reached(Stage::kActive);
    const auto now = co_await jetstream->consumer(stream_, consumer_, base::now() + kJetStreamAnswer);
    if (!now || !now->paused) {
      co_return Injected{
          .injected_at = injected_at, .effect_at = {}, .observation = fault_.target + " is not paused"};
    }
    co_return Injected{
        .injected_at = injected_at, .effect_at = base::now(), .observation = fault_.target + " is paused"};
  }

  awaitable<base::Result<Healed>> heal(base::Instant) override {
    if (!active_) co_return nothing_to_heal("it was not paused");
    const base::Instant healed_at = base::now();
    around_.safety.reached(Stage::kHealing);
    const auto answer = co_await ask_jetstream(&around_, "CONSUMER.PAUSE", stream_, consumer_, "{}");
    if (!answer) co_return std::unexpected(answer.error());
    Healed healed{.healed_at = healed_at, .effect_at = {}, .observation = fault_.target + " goes on"};
    if (answer->value("paused", false)) {
      healed.observation = fault_.target + " is still paused";
      co_return healed;
    }
    active_ = false;
    healed.effect_at = base::now();
    co_return heal_seen(around_.safety, entry_, std::move(healed));
  }

 private:
  fault::OnTarget fault_;
  Surroundings around_;
  std::string stream_;
  std::string consumer_;
  std::uint64_t entry_ = 0;
  bool active_ = false;
};

}  // namespace

std::unique_ptr<Reversible> make_pause_consumer(fault::OnTarget fault, Surroundings around) {
  return std::make_unique<PauseConsumerFault>(std::move(fault), std::move(around));
}

}  // namespace squall::inject

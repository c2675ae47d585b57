// A stream of ours deleted with its consumers, and made anew: empty, with the same configurations.
#include <utility>
#include <vector>

#include "inject/stream_objects.h"

namespace squall::inject {
namespace {

using boost::asio::awaitable;
using nlohmann::json;

class DeleteStreamFault : public Reversible {
 public:
  DeleteStreamFault(fault::OnTarget fault, Surroundings around)
      : fault_(std::move(fault)), around_(std::move(around)) {}

  awaitable<base::Result<Injected>> inject(base::Instant) override {
    auto noted = co_await note();
    if (!noted) co_return std::unexpected(noted.error());
    const fault::EndsWithRun undo{.what = fmt::format("stream {} is deleted", fault_.target)};
    const auto armed = around_.safety.arm(around_.fault_name, undo, fault_.duration);
    if (!armed) co_return base::fail_within("not deleted", armed.error());
    entry_ = *armed;
    const base::Instant injected_at = base::now();
    const auto answer = co_await ask_jetstream(&around_, "STREAM.DELETE", fault_.target, "", "");
    if (!answer) co_return std::unexpected(answer.error());
    active_ = true;
    around_.safety.reached(Stage::kActive);
    const auto status = co_await stream_now(&around_, fault_.target);
    if (status) {
      co_return Injected{.injected_at = injected_at,
                         .effect_at = {},
                         .observation = fault_.target + " is there all the same"};
    }
    co_return Injected{.injected_at = injected_at,
                       .effect_at = base::now(),
                       .observation = fmt::format("{} with {} messages and {} consumers is gone",
                                                  fault_.target, messages_, consumers_.size())};
  }

  awaitable<base::Result<Healed>> heal(base::Instant deadline) override {
    if (!active_) co_return nothing_to_heal("it was not deleted");
    const base::Instant healed_at = base::now();
    around_.safety.reached(Stage::kHealing);
    auto jetstream = co_await around_.jetstream(deadline);
    if (!jetstream) co_return std::unexpected(jetstream.error());
    json stream = config_;
    const auto made = co_await jetstream->create_stream(std::move(stream), deadline);
    if (!made) co_return base::fail("{} cannot be made anew: {}", fault_.target, made.error().message());
    for (const json& each : consumers_) {
      json consumer = each;
      const auto one = co_await jetstream->create_consumer(fault_.target, std::move(consumer), deadline);
      if (!one)
        co_return base::fail("a consumer of {} cannot be made anew: {}", fault_.target,
                             one.error().message());
    }
    active_ = false;
    co_return heal_seen(around_.safety, entry_,
                        {.healed_at = healed_at,
                         .effect_at = base::now(),
                         .observation = fmt::format("{} is there again, empty", fault_.target)});
  }

 private:
  // What is to be made again: the stream and its durable consumers.
  awaitable<base::Result<void>> note() {
    const auto status = co_await stream_now(&around_, fault_.target);
    if (!status) co_return std::unexpected(status.error());
    config_ = status->config;
    messages_ = status->messages;
    const base::Instant deadline = base::now() + kJetStreamAnswer;
    auto jetstream = co_await around_.jetstream(deadline);
    if (!jetstream) co_return std::unexpected(jetstream.error());
    const auto names = co_await jetstream->consumer_names(fault_.target, deadline);
    if (!names) co_return base::fail("{}: {}", fault_.target, names.error().message());
    for (const std::string& name : *names) {
      const auto consumer = co_await jetstream->consumer(fault_.target, name, deadline);
      if (consumer && consumer->config.contains("durable_name")) consumers_.push_back(consumer->config);
    }
    co_return base::Result<void>{};
  }

  fault::OnTarget fault_;
  Surroundings around_;
  json config_;
  std::vector<json> consumers_;
  std::uint64_t messages_ = 0;
  std::uint64_t entry_ = 0;
  bool active_ = false;
};

}  // namespace

std::unique_ptr<Reversible> make_delete_stream(fault::OnTarget fault, Surroundings around) {
  return std::make_unique<DeleteStreamFault>(std::move(fault), std::move(around));
}

}  // namespace squall::inject

// Every message of a stream of ours removed. Nothing undoes it.
#include "inject/stream_objects.h"

namespace squall::inject {
namespace {

using boost::asio::awaitable;

class PurgeFault : public Reversible {
 public:
  PurgeFault(fault::OnTarget fault, Surroundings around)
      : fault_(std::move(fault)), around_(std::move(around)) {}

  awaitable<base::Result<Injected>> inject(base::Instant) override {
    const base::Instant injected_at = base::now();
    const auto answer = co_await ask_jetstream(&around_, "STREAM.PURGE", fault_.target, "", "");
    if (!answer) co_return std::unexpected(answer.error());
    const auto purged = answer->value("purged", std::uint64_t{0});
    const std::string observation = fmt::format("{} messages of {} removed", purged, fault_.target);
    // A stream that was empty has lost nothing.
    if (purged == 0)
      co_return Injected{.injected_at = injected_at, .effect_at = {}, .observation = observation};
    co_return Injected{.injected_at = injected_at, .effect_at = base::now(), .observation = observation};
  }

  awaitable<base::Result<Healed>> heal(base::Instant) override {
    co_return nothing_to_heal("nothing brings purged messages back");
  }

 private:
  fault::OnTarget fault_;
  Surroundings around_;
};

}  // namespace

std::unique_ptr<Reversible> make_purge(fault::OnTarget fault, Surroundings around) {
  return std::make_unique<PurgeFault>(std::move(fault), std::move(around));
}

}  // namespace squall::inject

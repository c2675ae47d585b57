// A server that is stopped and started with other settings, and the other way round at the heal.
#include "inject/reversible.h"
#include "inject/server_settings.h"

namespace squall::inject {
namespace {

using boost::asio::awaitable;

constexpr base::Nanos kGrace = std::chrono::seconds{5};

class RestartWithFault : public Reversible {
 public:
  RestartWithFault(fault::OnTarget fault, Surroundings around)
      : fault_(std::move(fault)),
        around_(std::move(around)),
        configuration_(around_.server->settings().configuration_path) {}

  awaitable<base::Result<Injected>> inject(base::Instant deadline) override {
    const auto armed =
        around_.safety.arm(around_.fault_name, fault::RestartServer{fault_.target}, fault_.duration);
    if (!armed) co_return base::fail_within("not restarted", armed.error());
    entry_ = *armed;
    active_ = true;
    const base::Instant injected_at = base::now();
    if (const auto stopped = co_await around_.server->stop(kGrace); !stopped) {
      co_return std::unexpected(stopped.error());
    }
    const base::Instant gone_at = base::now();
    if (const auto added = configuration_.add(fault_.text("configuration")); !added) {
      co_return std::unexpected(added.error());
    }
    const auto started = co_await around_.server->start(deadline);
    around_.safety.reached(Stage::kActive);
    if (!started) {
      co_return Injected{.injected_at = injected_at,
                         .effect_at = {},
                         .observation = "it does not start so: " + started.error().message()};
    }
    co_return Injected{
        .injected_at = injected_at,
        .effect_at = gone_at,
        .observation = fmt::format("{} stopped after {}, and is back with other settings after {}",
                                   fault_.target, base::format_duration(gone_at - injected_at),
                                   base::format_duration(started->info_at - gone_at))};
  }

  awaitable<base::Result<Healed>> heal(base::Instant deadline) override {
    if (!active_) co_return nothing_to_heal("it was not restarted");
    const base::Instant healed_at = base::now();
    around_.safety.reached(Stage::kHealing);
    if (const auto restored = configuration_.restore(); !restored)
      co_return std::unexpected(restored.error());
    const auto started = co_await around_.server->restart(kGrace, deadline);
    if (!started) {
      co_return Healed{.healed_at = healed_at, .effect_at = {}, .observation = started.error().message()};
    }
    active_ = false;
    co_return heal_seen(around_.safety, entry_,
                        {.healed_at = healed_at,
                         .effect_at = started->info_at,
                         .observation = "it runs with its settings of before"});
  }

 private:
  fault::OnTarget fault_;
  Surroundings around_;
  ServerConfiguration configuration_;
  std::uint64_t entry_ = 0;
  bool active_ = false;
};

}  // namespace

std::unique_ptr<Reversible> make_restart_with(fault::OnTarget fault, Surroundings around) {
  return std::make_unique<RestartWithFault>(std::move(fault), std::move(around));
}

}  // namespace squall::inject

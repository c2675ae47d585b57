// A configuration that is loaded while the server runs (SIGHUP). That it was loaded the server says itself;
// it keeps the old one when the new one is wrong, and then nothing happened.
#include <signal.h>

#include <nlohmann/json.hpp>

#include "inject/reversible.h"
#include "inject/server_settings.h"

namespace squall::inject {
namespace {

using boost::asio::awaitable;

constexpr base::Nanos kAskAgain = std::chrono::milliseconds{5};
constexpr base::Nanos kAnswer = std::chrono::seconds{2};

class ReloadFault : public Reversible {
 public:
  ReloadFault(fault::OnTarget fault, Surroundings around)
      : fault_(std::move(fault)),
        around_(std::move(around)),
        configuration_(around_.server->settings().configuration_path) {}

  awaitable<base::Result<Injected>> inject(base::Instant deadline) override {
    const std::string before = co_await loaded_at();
    const fault::EndsWithRun undo{.what = fmt::format("{}: its configuration", fault_.target)};
    const auto armed = around_.safety.arm(around_.fault_name, undo, fault_.duration);
    if (!armed) co_return base::fail_within("not reloaded", armed.error());
    entry_ = *armed;
    if (const auto added = configuration_.add(fault_.text("configuration")); !added) {
      co_return std::unexpected(added.error());
    }
    active_ = true;
    const base::Instant injected_at = base::now();
    if (const auto sent = around_.server->signal(SIGHUP); !sent) co_return std::unexpected(sent.error());
    const bool loaded = co_await wait_loaded(before, deadline);
    around_.safety.reached(Stage::kActive);
    if (!loaded) {
      co_return Injected{
          .injected_at = injected_at,
          .effect_at = {},
          .observation = fmt::format("{} loaded nothing: is the configuration right? (logs/{}.log)",
                                     fault_.target, fault_.target)};
    }
    co_return Injected{
        .injected_at = injected_at,
        .effect_at = base::now(),
        .observation = fmt::format("{} loaded the configuration {} after SIGHUP", fault_.target,
                                   base::format_duration(base::now() - injected_at))};
  }

  awaitable<base::Result<Healed>> heal(base::Instant deadline) override {
    if (!active_) co_return nothing_to_heal("nothing was loaded");
    const base::Instant healed_at = base::now();
    around_.safety.reached(Stage::kHealing);
    const std::string before = co_await loaded_at();
    if (const auto restored = configuration_.restore(); !restored)
      co_return std::unexpected(restored.error());
    if (const auto sent = around_.server->signal(SIGHUP); !sent) co_return std::unexpected(sent.error());
    const bool loaded = co_await wait_loaded(before, deadline);
    active_ = !loaded;
    Healed healed{.healed_at = healed_at, .effect_at = {}, .observation = "its configuration is as it was"};
    if (!loaded) {
      healed.observation = fmt::format("{} did not load its configuration of before", fault_.target);
      co_return healed;
    }
    healed.effect_at = base::now();
    co_return heal_seen(around_.safety, entry_, std::move(healed));
  }

 private:
  awaitable<std::string> loaded_at() {
    const auto page = co_await around_.server->monitor("/varz", base::now() + kAnswer);
    const auto varz = page ? nlohmann::json::parse(*page, nullptr, false) : nlohmann::json();
    co_return varz.is_object() ? varz.value("config_load_time", std::string()) : std::string();
  }

  awaitable<bool> wait_loaded(std::string before, base::Instant deadline) {
    while (base::now() < deadline) {
      const std::string now = co_await loaded_at();
      if (!now.empty() && now != before) co_return true;
      co_await wait_shortly(kAskAgain);
    }
    co_return false;
  }

  fault::OnTarget fault_;
  Surroundings around_;
  ServerConfiguration configuration_;
  std::uint64_t entry_ = 0;
  bool active_ = false;
};

}  // namespace

std::unique_ptr<Reversible> make_reload(fault::OnTarget fault, Surroundings around) {
  return std::make_unique<ReloadFault>(std::move(fault), std::move(around));
}

}  // namespace squall::inject

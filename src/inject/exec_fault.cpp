// The user's own fault: three commands. None of them is trusted: the injection counts when `effect` says so,
// and the heal when it does not any more.
#include "inject/reversible.h"
#include "process/child.h"
#include "process/log_tail.h"

namespace squall::inject {
namespace {

using boost::asio::awaitable;

constexpr base::Nanos kAskAgain = std::chrono::milliseconds{20};

class ExecFault : public Reversible {
 public:
  ExecFault(fault::OnTarget fault, Surroundings around)
      : deadline_(fault.milliseconds("deadline_ms")), fault_(std::move(fault)), around_(std::move(around)) {}

  awaitable<base::Result<Injected>> inject(base::Instant) override {
    // What is there already could not be told from what we inject.
    const auto before = co_await run("effect");
    if (!before) co_return std::unexpected(before.error());
    if (before->ok) co_return base::fail("`effect` succeeds before anything was injected: it proves nothing");
    fault::RunCommand undo{
        .command = fault_.texts("heal"), .folder = around_.folder.string(), .deadline = deadline_};
    const auto armed = around_.safety.arm(around_.fault_name, undo, fault_.duration + 2 * deadline_);
    if (!armed) co_return base::fail_within("not injected", armed.error());
    entry_ = *armed;
    active_ = true;
    const base::Instant injected_at = base::now();
    const auto injected = co_await run("inject");
    around_.safety.reached(Stage::kActive);
    if (!injected || !injected->ok) {
      co_return Injected{.injected_at = injected_at,
                         .effect_at = {},
                         .observation = injected ? injected->said : injected.error().message()};
    }
    const base::Instant give_up = base::now() + deadline_;
    std::string last;
    do {
      const auto shown = co_await run("effect");
      if (!shown) co_return std::unexpected(shown.error());
      if (shown->ok) {
        co_return Injected{.injected_at = injected_at,
                           .effect_at = base::now(),
                           .observation = fmt::format("`effect` succeeds {} after `inject` began",
                                                      base::format_duration(base::now() - injected_at))};
      }
      last = shown->said;
      co_await wait_shortly(kAskAgain);
    } while (base::now() < give_up);
    co_return Injected{.injected_at = injected_at, .effect_at = {}, .observation = "no effect: " + last};
  }

  awaitable<base::Result<Healed>> heal(base::Instant) override {
    if (!active_) co_return nothing_to_heal("nothing was injected");
    const base::Instant healed_at = base::now();
    around_.safety.reached(Stage::kHealing);
    const auto healed = co_await run("heal");
    if (!healed || !healed->ok) {
      co_return Healed{.healed_at = healed_at,
                       .effect_at = {},
                       .observation = healed ? healed->said : healed.error().message()};
    }
    const base::Instant give_up = base::now() + deadline_;
    while (true) {
      const auto shown = co_await run("effect");
      if (shown && !shown->ok) break;
      if (base::now() >= give_up) {
        co_return Healed{
            .healed_at = healed_at, .effect_at = {}, .observation = "`effect` still succeeds after `heal`"};
      }
      co_await wait_shortly(kAskAgain);
    }
    active_ = false;
    co_return heal_seen(
        around_.safety, entry_,
        {.healed_at = healed_at, .effect_at = base::now(), .observation = "`heal` ran, and `effect` fails"});
  }

 private:
  struct Ran {
    bool ok = false;
    std::string said;
  };

  // Errors: it cannot be started.
  awaitable<base::Result<Ran>> run(const char* which) {
    const auto log = around_.log_folder / fmt::format("{}-{}.log", around_.fault_name, which);
    process::ChildOptions options{.name = which,
                                  .command = fault_.texts(which),
                                  .environment = {},
                                  .working_directory = around_.folder.string(),
                                  .log_path = log,
                                  .run_id = around_.run_id};
    auto child = process::Child::start(around_.io, std::move(options));
    if (!child) co_return base::fail_within(which, child.error());
    const auto ended = co_await (*child)->wait_exit(base::now() + deadline_);
    if (!ended) {
      co_return Ran{
          .ok = false,
          .said = fmt::format("`{}` did not end within {}", which, base::format_duration(deadline_))};
    }
    co_return Ran{.ok = ended->code == 0,
                  .said = fmt::format("`{}`: {} {}", which, ended->describe(), process::last_lines(log, 3))};
  }

  base::Nanos deadline_;
  fault::OnTarget fault_;
  Surroundings around_;
  std::uint64_t entry_ = 0;
  bool active_ = false;
};

}  // namespace

std::unique_ptr<Reversible> make_exec(fault::OnTarget fault, Surroundings around) {
  return std::make_unique<ExecFault>(std::move(fault), std::move(around));
}

}  // namespace squall::inject

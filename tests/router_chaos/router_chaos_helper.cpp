#include "router_chaos/router_chaos_helper.h"

#include <signal.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "inject/kill.h"
#include "probe/probes.h"

namespace squall::router_chaos {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Nanos kPoll = milliseconds(2);
constexpr base::Nanos kEffectPatience = seconds(10);
// An accepted request that is unfinished for longer than this is backlog.
constexpr base::Nanos kNormalAge = milliseconds(250);

void decide_request(ledger::OpId id, workload::Input& input) {
  const std::string request_id = fmt::format("q-{}", id);
  input = {.subject = "router.v1.decide",
           .key = request_id,
           .payload = fmt::format(R"({{"version":"1","request_id":"{}","tenant_id":"tenant-{}",)"
                                  R"("task":{{"type":"text.generate","payload":{{"prompt":"number {}"}}}}}})",
                                  request_id, id % 7, id),
           .headers = {}};
}

std::optional<std::string> request_id_of(const client::StoredMessage& message) {
  const auto json = nlohmann::json::parse(message.payload, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto id = json.find("request_id");
  if (id == json.end() || !id->is_string()) return std::nullopt;
  return id->get<std::string>();
}

workload::EffectSource effects_in(std::string stage, std::string stream) {
  return {.stage = std::move(stage),
          .how = workload::StoredEffects{.stream = std::move(stream), .key_of = request_id_of}};
}

std::optional<process::ProcessIdentity> identity_of(pid_t pid) {
  const auto status = process::read_status(pid);
  if (!status || !status->alive()) return std::nullopt;
  return status->identity;
}

}  // namespace

int number_of(KillSignal signal) {
  switch (signal) {
    case KillSignal::kill:
      return SIGKILL;
    case KillSignal::term:
      return SIGTERM;
    case KillSignal::interrupt:
      return SIGINT;
  }
  return SIGKILL;
}

std::string_view name_of(KillSignal signal) {
  switch (signal) {
    case KillSignal::kill:
      return "SIGKILL";
    case KillSignal::term:
      return "SIGTERM";
    case KillSignal::interrupt:
      return "SIGINT";
  }
  return "SIGKILL";
}

base::Result<std::unique_ptr<RouterChaos>> RouterChaos::start(SuiteRun& run, SystemSettings settings) {
  auto system = RoutedSystem::start(run, std::move(settings));
  if (!system) return std::unexpected(system.error());
  std::unique_ptr<RouterChaos> chaos(new RouterChaos(run, std::move(*system)));
  auto file = run.folder().open_append(std::filesystem::path("cases") / chaos->system_->settings().case_name /
                                       "ledger.bin");
  if (!file) return std::unexpected(file.error());
  chaos->ledger_file_.emplace(std::move(*file));
  chaos->start_load();
  return chaos;
}

RouterChaos::RouterChaos(SuiteRun& run, std::unique_ptr<RoutedSystem> system)
    : run_(run), system_(std::move(system)), case_began_(base::now()) {}

RouterChaos::~RouterChaos() { system_->watch({}, {}); }

void RouterChaos::start_load() {
  load_ = std::make_unique<workload::Workload>(workload::WorkloadOptions{
      .nats = {.servers = {{.host = "127.0.0.1", .port = system_->nats().client_port()}}, .options = {}},
      .load = {.pacing = kLoad, .make_input = decide_request},
      .effects = {effects_in("assignment", "ROUTER_ASSIGN"), effects_in("usage", "ROUTER_USAGE")},
      .key_prefix = "q-",
      .ledger_sink = [this](std::string_view bytes) { return ledger_file_->append(bytes); }});
  system_->watch([this] { return backlog(); },
                 [this](const std::string& probe, const probe::Observation& observation) {
                   if (green_) green_->observe(probe, observation);
                 });
  load_->start();
}

probe::Finding RouterChaos::backlog() const {
  const auto oldest = load_->progress().oldest_unfinished_at;
  if (!oldest) return {probe::Answer::kGreen, ""};
  if (effect_at_ && *oldest <= *effect_at_) {
    return {probe::Answer::kRed, "requests from before the fault are unfinished"};
  }
  const base::Nanos age = base::now() - *oldest;
  if (age > kNormalAge) {
    return {probe::Answer::kRed, "the oldest unfinished request waits for more than 250 ms"};
  }
  return {probe::Answer::kGreen, ""};
}

pid_t RouterChaos::get_nats_pid() const { return system_->nats().child()->pid(); }

bool RouterChaos::is_system_operational() const { return system_->probes().is_operational(); }

bool RouterChaos::wait_for_operational(base::Nanos timeout) {
  show("wait until operational");
  return run_.wait(system_->probes().wait_operational(base::now() + timeout)).has_value();
}

bool RouterChaos::wait_until_true(const std::function<bool()>& condition, base::Nanos timeout,
                                  std::string_view doing) {
  const base::Instant deadline = base::now() + timeout;
  while (!condition()) {
    if (base::now() >= deadline) return false;
    show(doing);
    run_.wait_for(kPoll);
  }
  return true;
}

// A fault that strikes no unfinished work proves nothing. Strikes right after a burst was sent, so that
// requests are in all stages, from the publisher's socket to the worker.
void RouterChaos::wait_for_unfinished_work() {
  const auto enough = [this] { return load_->progress().unfinished >= kWantedHits; };
  (void)wait_until_true(enough, seconds(2), "baseline");
  const std::uint64_t sent = load_->progress().counts.attempted;
  const base::Instant deadline = base::now() + milliseconds(200);
  while (load_->progress().counts.attempted == sent && base::now() < deadline) {
  }
}

inject::Injected RouterChaos::struck(base::Result<inject::Injected> injected, std::string what) {
  inject::Injected result = injected ? *injected
                                     : inject::Injected{.injected_at = base::now(),
                                                        .effect_at = std::nullopt,
                                                        .observation = injected.error().message()};
  recovery_ = {.injected_at = result.injected_at,
               .took_effect_at = result.effect_at.value_or(result.injected_at)};
  effect_at_ = recovery_.took_effect_at;
  event(evidence::EventKind::fault, result.injected_at, std::move(what));
  event(evidence::EventKind::effect, recovery_.took_effect_at, result.observation);
  green_.emplace(probe::TimeToGreen::Options{.required = system_->probes().required(),
                                             .effect_at = recovery_.took_effect_at});
  return result;
}

inject::Injected RouterChaos::kill_nats_process(KillSignal signal) {
  wait_for_unfinished_work();
  const process::ProcessIdentity target = system_->nats().child()->identity();
  inject::Injected injected =
      struck(run_.wait(inject::kill_process(target, number_of(signal), base::now() + kEffectPatience)),
             fmt::format("{} to nats-1 (pid {})", name_of(signal), target.pid));
  run_.wait(system_->links().listen_for(system_->nats().client_port(), false));
  return injected;
}

inject::Injected RouterChaos::kill_named(const std::string& name) {
  const RouterPids pids = router_pids();
  const auto found = pids.find(name);
  const auto target = found == pids.end() ? std::nullopt : identity_of(found->second);
  if (!target) return struck(base::fail("the router has no process {}", name), "SIGKILL to " + name);
  wait_for_unfinished_work();
  return struck(run_.wait(inject::kill_process(*target, SIGKILL, base::now() + kEffectPatience)),
                fmt::format("SIGKILL to {} (pid {})", name, target->pid));
}

inject::Injected RouterChaos::kill_router_supervisor() { return kill_named("supervisor"); }

inject::Injected RouterChaos::kill_router_role(const std::string& name) { return kill_named(name); }

inject::Injected RouterChaos::drain_router() {
  wait_for_unfinished_work();
  inject::Injected drained{.injected_at = base::now()};
  const auto ended = system_->drain_router(seconds(7));
  drained_cleanly_ = ended && ended->code == 0 && ended->noticed_at - drained.injected_at < seconds(5);
  if (ended) drained.effect_at = ended->noticed_at;
  drained.observation = ended ? fmt::format("the router ended with {} after {}", ended->describe(),
                                            base::format_duration(ended->noticed_at - drained.injected_at))
                              : "the router still runs after 7 s";
  return struck(drained, "SIGTERM to the router");
}

inject::OnLink RouterChaos::make_rule(const fault::OnLink& action) {
  inject::OnLink::Plan plan{
      .link = action.target, .links = system_->links().proxied(action.target), .rule = action.rule};
  plan.rule.name = action.kind;
  return {system_->links().proxy(), std::move(plan), inject::Safety(run_.journal())};
}

void RouterChaos::hold(const fault::OnLink& action, const std::function<void()>& sample) {
  const base::Instant until = recovery_.took_effect_at + action.duration;
  green_->while_disturbed(true);
  while (base::now() < until) {
    show(fmt::format("{} on link {}", action.kind, action.target));
    run_.wait_for(milliseconds(20));
    if (sample) sample();
  }
}

void RouterChaos::heal(inject::OnLink& rule) {
  const auto healed = run_.wait(rule.heal());
  if (!healed) return;
  green_->while_disturbed(false);
  event(evidence::EventKind::heal, healed->healed_at, healed->observation);
  recovery_.back_at = healed->effect_at;
}

inject::Injected RouterChaos::strike_link(const fault::OnLink& action, const std::function<void()>& sample) {
  wait_for_unfinished_work();
  inject::OnLink rule = make_rule(action);
  const inject::Injected injected = struck(run_.wait(rule.inject(base::now() + action.duration)),
                                           fmt::format("{} on link {}", action.kind, action.target));
  if (injected.took_effect()) hold(action, sample);
  heal(rule);
  return injected;
}

inject::Injected RouterChaos::induce_jetstream_lag(std::string_view subject, const fault::OnLink& late_acks,
                                                   const std::function<void()>& sample) {
  SQUALL_CHECK(subject == "router.v1.decide");
  return strike_link(late_acks, sample);
}

inject::Injected RouterChaos::partition_router(const fault::OnLink& black_hole, const fault::OnLink& reset) {
  wait_for_unfinished_work();
  inject::OnLink hole = make_rule(black_hole);
  const inject::Injected injected = struck(run_.wait(hole.inject(base::now() + black_hole.duration)),
                                           fmt::format("partition of link {}", black_hole.target));
  if (injected.took_effect()) hold(black_hole, {});
  inject::OnLink cut = make_rule(reset);
  const auto was_cut = run_.wait(cut.inject(base::now() + kEffectPatience));
  event(evidence::EventKind::fault, base::now(), was_cut ? was_cut->observation : was_cut.error().message());
  heal(cut);
  heal(hole);
  return injected;
}

std::optional<base::Instant> RouterChaos::restart_nats() {
  show("restart nats-1");
  const auto started = run_.wait(system_->nats().start(base::now() + kEffectPatience));
  if (!started) {
    event(evidence::EventKind::note, base::now(), started.error().message());
    return std::nullopt;
  }
  run_.wait(system_->links().listen_for(system_->nats().client_port(), true));
  recovery_.back_at = started->info_at;
  event(evidence::EventKind::heal, started->info_at,
        fmt::format("nats-1 answers again (pid {})", get_nats_pid()));
  return started->info_at;
}

bool RouterChaos::wait_for_nats_recovery(base::Nanos timeout) {
  return wait_until_true(
      [this] {
        const RouterLog& log = system_->log();
        recovery_.reconnected_at = log.all_restored(recovery_.injected_at);
        return recovery_.reconnected_at.has_value();
      },
      timeout, "wait until the roles are connected again");
}

bool RouterChaos::wait_for_router_recovery(const RouterPids& before, base::Nanos timeout) {
  return wait_until_true(
      [&] {
        const RouterPids now = RoutedSystem::still_alive(router_pids());
        if (now.size() != before.size()) return false;
        for (const auto& [name, pid] : before) {
          if (name != "guardian" && (!now.contains(name) || now.at(name) == pid)) return false;
        }
        recovery_.back_at = base::now();
        return true;
      },
      timeout, "wait for a new supervisor with all its roles");
}

bool RouterChaos::wait_for_role_recovery(const std::string& name, pid_t old_pid, base::Nanos timeout) {
  return wait_until_true(
      [&] {
        const RouterPids now = RoutedSystem::still_alive(router_pids());
        if (!now.contains(name) || now.at(name) == old_pid) return false;
        recovery_.back_at = base::now();
        return true;
      },
      timeout, "wait for a new " + name);
}

std::optional<base::Nanos> RouterChaos::measure_time_to_green(base::Nanos timeout) {
  SQUALL_CHECK(green_.has_value());
  (void)wait_until_true([this] { return green_->time_to_green().has_value(); }, timeout, "wait until green");
  recovery_.detected_at = system_->log().first_trouble(recovery_.injected_at);
  if (!recovery_.reconnected_at)
    recovery_.reconnected_at = system_->log().all_restored(recovery_.injected_at);
  recovery_.green_at = green_->green_at();
  recovery_.waiting_for = green_->waiting_for();
  return green_->time_to_green();
}

RecoveryMetrics RouterChaos::get_recovery_metrics() const { return recovery_; }

void RouterChaos::show(std::string_view doing) {
  if (!run_.live().due()) return;
  const workload::Progress progress = load_->progress();
  run_.live().show(fmt::format(
      "{}  trial {}  {}  {}  ·  {} acked, {} unfinished", system_->settings().case_name, trial_,
      base::format_duration(base::now() - case_began_), doing, progress.counts.ok, progress.unfinished));
}

void RouterChaos::event(evidence::EventKind kind, base::Instant at, std::string what) {
  run_.event({.at = at,
              .kind = kind,
              .what = std::move(what),
              .case_name = system_->settings().case_name,
              .trial = trial_ > 0 ? std::optional(trial_) : std::nullopt});
}

}  // namespace squall::router_chaos

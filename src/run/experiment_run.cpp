#include "run/experiment_run.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/seed.h"
#include "experiment/read_secret.h"
#include "report/render.h"
#include "report/series.h"
#include "run/abort_watch.h"
#include "run/fault_facts.h"
#include "run/input_facts.h"
#include "run/judgement.h"
#include "run/load.h"
#include "run/loss_words.h"
#include "run/read_back_examples.h"
#include "run/running_system.h"
#include "run/trial_recovery.h"
#include "run/trial_run.h"

namespace squall::run {
namespace {

using check::VerdictKind;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Nanos kScanPatience = seconds(30);
constexpr base::Nanos kFirstEffect = seconds(10);  // after the control

// Not one input has all the effects that are declared for it.
bool nothing_done(const workload::Progress& seen) {
  return seen.counts.effects.back() == 0 || seen.unfinished >= seen.counts.attempted;
}

class ExperimentRun {
 public:
  ExperimentRun(const experiment::Experiment& experiment, const experiment::Plan& plan,
                const RunOptions& options, Session::Parts parts)
      : experiment_(experiment),
        plan_(plan),
        session_(std::move(parts)),
        system_(session_, experiment, plan.seed) {
    report_.name = experiment.name;
    report_.started = session_.folder().anchor().wall;
    report_.command = options.command;
    report_.seed = plan.seed;
    report_.evidence = session_.folder().path().string();
    case_.name = experiment.name;
    case_.failure_modes = experiment.failure_modes;
    case_.purpose = experiment.purpose;
    case_.verdict = VerdictKind::pass;
  }

  RunOutcome run() {
    RunOutcome outcome;
    try {
      if (begin() && control()) {
        for (const fault::TrialSteps& trial : plan_.trials) one_trial(trial);
        finish();
      }
    } catch (const Interrupted& interrupted) {
      outcome.interrupted = interrupted.signal;
      inconclusive(fmt::format("interrupted by signal {}", interrupted.signal));
      say_what_is_known();
    } catch (const Aborted& aborted) {
      // Whatever was injected is healed by now.
      phase("aborted: " + aborted.reason);
      inconclusive("aborted: " + aborted.reason);
      say_what_is_known();
    }
    // On every way out: stop, check, seal.
    abort_watch_.reset();
    if (load_) {
      const auto counts = load_->progress().counts;
      accepted_ = counts.ok + counts.unknown + counts.open;
    }
    load_.reset();
    ledger_file_.reset();
    system_.stop();
    if (const auto ended = session_.end_watchdog(); !ended) outcome.unsafe = ended.error().message();
    seal();
    outcome.report = report_;
    outcome.evidence = session_.folder().path();
    return outcome;
  }

 private:
  bool begin() {
    write_manifest();
    system_.watch([this] { return backlog(); },
                  [this](const std::string& probe, const probe::Observation& observation) {
                    if (green_) green_->observe(probe, observation);
                  });
    session_.live().show(experiment_.name + "  starting the system");
    if (auto started = system_.start(); !started) {
      inconclusive("the system did not come up: " + started.error().message());
      return false;
    }
    std::string processes;
    for (const std::string& process : system_.describe_processes()) processes += " · " + process;
    session_.say(fmt::format("preflight  nats-server {}{}", system_.nats_version(), processes));
    if (!system_.seen_of_others().empty()) session_.say("           " + system_.seen_of_others());
    auto file = session_.folder().open_append("ledger.bin");
    if (!file) {
      inconclusive(file.error().message());
      return false;
    }
    ledger_file_.emplace(std::move(*file));
    LoadSettings settings{
        .key_prefix = key_prefix(),
        .shared = experiment_.nats.attached() != nullptr,
        .seed = plan_.seed,
        .ledger_sink = [this](std::string_view bytes) { return ledger_file_->append(bytes); }};
    auto options = session_.wait(workload_options(experiment_.workload, std::move(settings), system_.nats()));
    if (!options) {
      inconclusive("the workload cannot be made: " + options.error().message());
      return false;
    }
    const base::Instant by = base::now() + seconds(5);
    auto inputs = session_.wait(find_input_facts(experiment_, system_.nats(), by));
    if (!inputs) {
      inconclusive("the inputs' stream cannot be looked at: " + inputs.error().message());
      return false;
    }
    options->quiet_for = quiet_for(experiment_.nats.consumers);
    if (*inputs) options->inputs = (*inputs)->stream;
    if (*inputs) options->inputs->carried = options->load.carried;
    load_ = std::make_unique<workload::Workload>(std::move(*options));
    if (*inputs) load_->record(ledger::Circumstance((*inputs)->contract));
    if (*inputs) see_deliveries(**inputs);
    load_->start();
    abort_watch_ = std::make_unique<AbortWatch>(session_, system_, experiment_.abort);
    return true;
  }

  // What is delivered to the service goes into the ledger, where a link of its own sees it.
  void see_deliveries(const InputFacts& inputs) {
    const auto consumer = only_consumer(inputs);
    if (!consumer) return;
    system_.links().watch_deliveries(
        {.stream = inputs.stream.stream, .consumer = *consumer, .key_prefix = key_prefix()},
        [this](std::vector<ledger::Entry> seen) {
          if (load_) load_->record(std::move(seen));
        });
  }

  // Four hex digits that differ from run to run, so that identities of two runs are never mixed up.
  std::string key_prefix() const {
    const auto started = static_cast<std::uint64_t>(session_anchor().wall.time_since_epoch().count());
    return fmt::format("{:04x}-", (started >> 16) & 0xffff);
  }
  const base::WallAnchor& session_anchor() const { return session_.folder().anchor(); }

  probe::Finding backlog() {
    if (!load_ || experiment_.expect.tolerates_losses()) return {probe::Answer::kGreen, ""};
    const auto oldest = load_->progress().oldest_unfinished_at;
    if (!oldest) return {probe::Answer::kGreen, ""};
    if (disturbed_at_ && *oldest <= *disturbed_at_) {
      return {probe::Answer::kRed, "inputs from before the fault are unfinished"};
    }
    if (base::now() - *oldest > normal_age_) {
      return {probe::Answer::kRed, fmt::format("the oldest unfinished input waits for more than {}",
                                               base::format_duration(normal_age_))};
    }
    return {probe::Answer::kGreen, ""};
  }

  // False: what is seen without a fault says that the faults would prove nothing.
  bool control() {
    if (experiment_.trials.control == base::Nanos{0}) return true;
    phase("control");
    const base::Instant settled = base::now() + experiment_.trials.control / 2;
    const base::Instant until = base::now() + experiment_.trials.control;
    std::optional<workload::Progress> half;
    while (base::now() < until) {
      if (base::now() > settled) {
        learn_normal_age();
        if (!half) half = load_->progress();
      }
      session_.live().show(experiment_.name + "  control, no fault");
      session_.wait_for(milliseconds(20));
    }
    const workload::Progress progress = load_->progress();
    session_.say(fmt::format("control    no fault, {}: {} in, {} acknowledged, {} unfinished",
                             base::format_duration(experiment_.trials.control), progress.counts.attempted,
                             progress.counts.ok, progress.unfinished));
    if (half) say_overload(*half, progress);
    const bool acknowledges = experiment_.workload.transport != experiment::Transport::kCore;
    if (acknowledges && progress.counts.ok == 0) {
      inconclusive("nothing was acknowledged without a fault, so none was struck");
      return end_before_faults();
    }
    return some_effect_comes();
  }
  bool end_before_faults() {
    load_->stop_load();
    load_->finish(base::now() + kScanPatience);
    say_doubts();
    say_what_is_known();
    return false;
  }

  // A service that does not keep up with the load has clocks that say more about that than about the faults.
  // Only where effects had begun to come at half time: before that, slow and overloaded look the same.
  void say_overload(const workload::Progress& half, const workload::Progress& end) {
    constexpr std::uint64_t kWorthSaying = 20;
    if (half.counts.effects.empty() || half.counts.effects.back() == 0) return;
    const auto behind = [this](const workload::Progress& at) {
      if (experiment_.workload.transport != experiment::Transport::kCore) return at.unfinished;
      return at.counts.attempted - std::min(at.counts.attempted, at.counts.effects.back());
    };
    const std::uint64_t sent = end.counts.attempted - half.counts.attempted;
    const std::uint64_t grown = behind(end) - std::min(behind(end), behind(half));
    if (grown < kWorthSaying || grown < sent / 5) return;
    const std::string what = fmt::format(
        "without a fault the backlog grew from {} to {} inputs within {}, of {} sent: does the service keep "
        "up with this load (workload.rate)? Every clock counts the backlog, too",
        behind(half), behind(end), base::format_duration(experiment_.trials.control / 2), sent);
    session_.say("           " + what);
    case_.notes.push_back({"overload", what});
  }

  // A service that works shows an effect of some input, fault or not.
  bool some_effect_comes() {
    const base::Instant deadline = base::now() + kFirstEffect;
    for (workload::Progress seen = load_->progress(); nothing_done(seen); seen = load_->progress()) {
      if (base::now() >= deadline) {
        const experiment::EffectSpec& effect = experiment_.workload.effects.back();
        inconclusive(no_effect_words(seen, effect, kFirstEffect));
        return end_before_faults();
      }
      session_.live().show(experiment_.name + "  control, waits for a first effect");
      session_.wait_for(milliseconds(20));
    }
    return true;
  }

  // A service that fills batches lets inputs wait, fault or not: twice what is usual without a fault is no
  // backlog.
  void learn_normal_age() {
    const auto oldest = load_->progress().oldest_unfinished_at;
    if (!oldest) return;
    const base::Nanos twice = 2 * (base::now() - *oldest);
    normal_age_ = std::max(normal_age_, std::min(twice, kLongestNormalAge));
  }

  void one_trial(const fault::TrialSteps& steps) {
    TrialPlace place{
        .session = session_,
        .experiment = experiment_,
        .system = system_,
        .load = *load_,
        .disturbed_at = disturbed_at_,
        .given_up_at = given_up_at_,
        .green = green_,
        .record_faults = [&](const std::vector<Struck>& struck) { record_faults(steps, struck); }};
    TrialResult result = run_trial(place, steps);
    note_strikes(result);
    report::TrialReport& trial = result.report;
    trial.summary = report::make_summary(trial);
    std::string back;
    for (const Struck& struck : result.struck) {
      if (!struck.back_as.empty()) back += " · " + struck.back_as;
    }
    session_.say(fmt::format("trial {:>2}   {}{}", trial.number, trial.summary, back));
    if (trial.faults.size() > 1) {
      for (const report::FaultReport& fault : trial.faults)
        session_.say("           " + report::describe(fault));
    }
    for (const std::string& reason : trial.reasons) session_.say("           " + reason);
    case_.trials.push_back(std::move(trial));
  }

  void record_faults(const fault::TrialSteps& steps, const std::vector<Struck>& struck) {
    for (ledger::Circumstance& fact : fault_facts(steps, struck, next_fault_)) {
      if (std::holds_alternative<ledger::FaultStruck>(fact)) ++next_fault_;
      load_->record(std::move(fact));
    }
  }

  // Every strike for itself: a later one of the same trial disturbs anew.
  void note_strikes(const TrialResult& result) {
    for (FaultOnRecord& fault :
         faults_on_record(result.struck, result.observed_from, result.observed_until)) {
      strikes_.push_back({.trial = case_.trials.size(), .window = fault.window});
    }
  }

  void finish() {
    phase("drain");
    load_->stop_load();
    const base::Instant deadline = base::now() + experiment_.trials.drain_within;
    workload::Drained drained;
    // Most are done at once; whoever has to wait for more is told for what.
    const base::Instant said_at = base::now() + milliseconds(1500);
    bool said = false;
    // Where some may be missing: a second without anything that waits is the end.
    std::optional<base::Instant> idle_since;
    while (!drained.caught_up && base::now() < deadline) {
      if (idle_since && base::now() >= *idle_since + seconds(1)) break;
      if (!said && base::now() >= said_at) {
        session_.say(fmt::format("drain      {}: waiting for that, {} at most (trials.drain_within)",
                                 drained.left, base::format_duration(experiment_.trials.drain_within)));
        said = true;
      }
      session_.live().show(
          fmt::format("{}  drain  ·  {} unfinished", experiment_.name, load_->progress().unfinished));
      drained = load_->drain(base::now() + milliseconds(200));
      const bool idle = drained.nothing_waits && experiment_.expect.tolerates_losses();
      idle_since = idle ? idle_since.value_or(base::now()) : std::optional<base::Instant>();
      session_.wait_for(milliseconds(1));
    }
    if (!drained.caught_up && !idle_since) known_.left = drained.left;
    load_->finish(base::now() + kScanPatience);
    known_.doubts = load_->doubts();
    phase("check");
    load_->with_ledger([this](const ledger::Ledger& ledger) {
      for (TrialStrike& strike : strikes_) {
        strike.window.observed_until = base::now();
        known_.disturbances.push_back(disturbance_of(strike.window, ledger, experiment_));
      }
      measure_again(case_, strikes_, ledger, experiment_);
      judge_run(case_, experiment_, ledger, known_);
      case_.series.push_back(report::effects_over_time(
          ledger, ledger.layout().final_stage(),
          {.run_start = session_anchor().mono, .from = session_anchor().mono, .until = base::now()}));
      return 0;
    });
    const std::filesystem::path file = session_.folder().path() / "ledger.bin";
    if (const auto read = read_back_examples(case_.checks, file); !read) session_.say(read.error().message());
    say_doubts();
  }

  // A ledger with a hole is one of them.
  void say_doubts() {
    for (const workload::Doubt& doubt : load_->doubts()) {
      inconclusive(doubt.times > 1 ? fmt::format("{} ({} times)", doubt.what, doubt.times) : doubt.what);
    }
  }

  // Of a run that ends early: what waits may still have come, so nothing is judged.
  void say_what_is_known() {
    if (!load_) return;
    const check::Totals totals =
        load_->with_ledger([](const ledger::Ledger& ledger) { return check::count_totals(ledger); });
    case_.notes.push_back(
        {"so far",
         fmt::format("{} of {} trials ended; {} inputs acknowledged, {} of them without an effect yet "
                     "(not judged: squall ledger {} --lost lists them)",
                     case_.trials.size(), plan_.trials.size(), totals.acked, totals.lost,
                     session_.folder().path().string())});
  }

  void write_manifest() {
    const auto written = session_.folder().write_manifest({{"command", report_.command},
                                                           {"seed", plan_.seed},
                                                           {"plan", to_json(plan_)},
                                                           {"experiment", experiment_.file.string()},
                                                           {"squall_version", SQUALL_VERSION}});
    if (!written) inconclusive(written.error().message());
  }

  void seal() {
    case_.took = report_.took = base::now() - session_anchor().mono;
    report_.versions = {{"squall", SQUALL_VERSION}, {"nats-server", system_.nats_version()}};
    if (const std::string ends = system_.ends_by_themselves(); !ends.empty())
      case_.notes.push_back({"ended by itself", ends});
    case_.notes.push_back({"not included", "your production restart: who restarted what is on the timeline"});
    case_.notes.push_back({"not tested", "power loss: after a SIGKILL the page cache survives"});
    if (experiment_.nats.attached() != nullptr) add_notes_of_attached();
    report_.totals = case_.totals;
    report_.cases = {case_};
    if (const auto written = report::write_reports(session_.folder(), report_); !written) {
      session_.say("squall: " + written.error().message());
    }
    session_.live().clear();
  }

  void add_notes_of_attached() {
    std::string left =
        accepted_ == 0
            ? std::string("no message")
            : fmt::format(
                  "{} inputs of {} and their effects, in your streams (identities {}…): they go as the "
                  "streams' limits say, or by hand: nats stream rmm STREAM SEQ, as squall ledger {} "
                  "lists them",
                  accepted_, experiment::subjects_text(experiment_.workload), key_prefix(),
                  session_.folder().path().string());
    left += system_.left_made().empty() ? ". No stream, consumer, process or connection"
                                        : ". No process or connection; but " + system_.left_made();
    case_.notes.push_back({"left behind", std::move(left)});
    case_.notes.push_back({"not looked at", "core subscriptions of others on the subjects of the effects"});
  }

  void phase(std::string what) {
    session_.event({.at = base::now(),
                    .kind = evidence::EventKind::phase,
                    .what = std::move(what),
                    .case_name = experiment_.name});
  }

  void inconclusive(std::string reason) {
    case_.verdict = check::combine(std::vector{case_.verdict, VerdictKind::inconclusive});
    case_.reasons.push_back(experiment::redact(experiment_, std::move(reason)));
  }

  const experiment::Experiment& experiment_;
  const experiment::Plan& plan_;
  Session session_;
  RunningSystem system_;
  report::RunReport report_;
  report::CaseReport case_;
  std::optional<evidence::AppendFile> ledger_file_;
  std::unique_ptr<workload::Workload> load_;
  base::Nanos normal_age_ = kNormalAge;
  std::optional<base::Instant> disturbed_at_;
  std::optional<base::Instant> given_up_at_;
  std::optional<GreenClocks> green_;
  std::unique_ptr<AbortWatch> abort_watch_;
  RunKnowledge known_;
  std::uint64_t accepted_ = 0;  // may be stored somewhere: acknowledged, or without an answer
  std::vector<TrialStrike> strikes_;
  std::uint32_t next_fault_ = 1;
};

}  // namespace

base::Result<RunOutcome> run_experiment(const experiment::Experiment& experiment,
                                        const experiment::Plan& plan, const RunOptions& options) {
  auto parts =
      Session::prepare({.artifacts = options.artifacts, .name = experiment.name, .live_fd = options.live_fd});
  if (!parts) return std::unexpected(parts.error());
  ExperimentRun run(experiment, plan, options, std::move(*parts));
  return run.run();
}

}  // namespace squall::run

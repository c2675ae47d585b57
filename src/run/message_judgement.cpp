#include "run/message_judgement.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "check/availability.h"
#include "check/corrupted.h"
#include "check/dedupe.h"
#include "check/duplicates.h"
#include "check/durability.h"
#include "check/late.h"
#include "check/lost.h"
#include "check/redelivery.h"
#include "check/soundness.h"
#include "check/totals.h"
#include "check/unexpected.h"
#include "run/loss_words.h"

namespace squall::run {
namespace {

using check::Verdict;
using check::VerdictKind;
using report::Group;

std::string of(std::uint64_t part, std::uint64_t whole, std::string_view what) {
  return fmt::format("{} of {} {}", part, whole, what);
}

class MessageJudge {
 public:
  MessageJudge(report::CaseReport& report, const experiment::Experiment& experiment,
               const ledger::Ledger& ledger, const RunKnowledge& known)
      : report_(report), experiment_(experiment), ledger_(ledger), known_(known) {}

  void judge() {
    keep(check::check_soundness(ledger_), Asked::yes);
    losses();
    duplicates_and_strangers();
    if (experiment_.expect.order != experiment::Order::kNotJudged) order();
    if (experiment_.expect.latency.any()) latency();
    if (carries_something()) corrupted();
    if (experiment_.expect.unavailable) unavailable();
    dedupe();
    deliveries();
    if (experiment_.expect.errors) errors();
    drained();
  }

 private:
  enum class Asked { no, yes };

  // An inconclusive answer to what was asked makes the run inconclusive.
  const Verdict& keep(Verdict verdict, Asked asked) {
    if (asked == Asked::yes && verdict.kind == VerdictKind::inconclusive) {
      report_.verdict = check::combine(std::vector{report_.verdict, VerdictKind::inconclusive});
      for (const std::string& reason : verdict.reasons) add_reason(verdict.checker + ": " + reason);
    }
    report_.checks.push_back(std::move(verdict));
    return report_.checks.back();
  }
  void add_reason(std::string reason) {
    if (std::ranges::find(report_.reasons, reason) == report_.reasons.end())
      report_.reasons.push_back(std::move(reason));
  }
  void expect(std::string text, std::string want, std::string got, bool ok) {
    report_.assertions.push_back({Group::messages, std::move(text), std::move(want), std::move(got), ok});
  }
  void expect_at_most(std::string text, const std::optional<std::int64_t>& most, std::uint64_t got,
                      std::string said) {
    if (!most) return;
    expect(std::move(text), fmt::format("{}", *most), std::move(said),
           got <= static_cast<std::uint64_t>(*most));
  }

  bool core() const { return experiment_.workload.transport == experiment::Transport::kCore; }

  void losses() {
    if (core()) {
      report_.notes.push_back(
          {"not judged",
           fmt::format("losses: a core publish is never acknowledged. {} of {} inputs have no effect",
                       report_.totals.unknown, report_.totals.attempted)});
      return;
    }
    const check::Promise promise =
        experiment_.expect.allows_losses() ? check::Promise::at_most_once : check::Promise::exactly_once;
    const Verdict lost = keep(check::check_lost(ledger_, promise), Asked::yes);
    const Verdict durability = check::check_durability(ledger_);
    const experiment::LossBound& bound = experiment_.expect.lost;
    const std::uint64_t acked = report_.totals.acked;
    const std::array bounds{bound.in_nats, bound.by_service, bound.stranded, bound.pending};
    const std::uint64_t unknown_cause = lost.count("undetermined");
    if (std::ranges::all_of(bounds, [&](const auto& one) { return one == bounds.front(); })) {
      std::uint64_t most_of_a_cause = unknown_cause;
      for (const LossWord& word : kLossWords)
        most_of_a_cause = std::max(most_of_a_cause, lost.count(word.count));
      if (bounds.front()) {
        expect("lost", fmt::format("{}", *bounds.front()),
               of(report_.totals.lost, acked, "acknowledged inputs have no effect"),
               most_of_a_cause <= static_cast<std::uint64_t>(*bounds.front()));
      }
    } else {
      for (std::size_t i = 0; i < kLossWords.size(); ++i) {
        const std::uint64_t count = lost.count(kLossWords[i].count);
        expect_at_most(std::string(kLossWords[i].name), bounds[i], count,
                       of(count, acked, kLossWords[i].meaning));
      }
      if (unknown_cause > 0) {
        report_.verdict = check::combine(std::vector{report_.verdict, VerdictKind::inconclusive});
        add_reason(
            fmt::format("{} acknowledged inputs have no effect, and nobody can say why", unknown_cause));
      }
    }
    if (lost.count("in_nats") > 0) keep(durability, Asked::no);
    if (lost.count("lost") == 0 || experiment_.expect.allows_losses()) return;
    for (report::Note& note :
         explain_losses({lost, durability, ledger_, experiment_, known_.left, known_.disturbances})) {
      report_.notes.push_back(std::move(note));
    }
  }

  void duplicates_and_strangers() {
    const check::Totals& totals = report_.totals;
    keep(check::check_duplicates(ledger_, experiment_.expect.duplicates ? check::Promise::exactly_once
                                                                        : check::Promise::at_least_once),
         Asked::no);
    keep(check::check_unexpected(ledger_), Asked::no);
    expect_at_most("duplicates", experiment_.expect.duplicates, totals.duplicated,
                   of(totals.duplicated, core() ? totals.attempted : totals.acked,
                      "inputs have more effects than one of a kind"));
    if (totals.duplicated > 0) {
      report_.notes.push_back({"cause", explain_duplicates(experiment_, ledger_, known_.disturbances)});
    }
    expect_at_most("unexpected", experiment_.expect.unexpected, totals.unexpected,
                   fmt::format("{} effects that nobody asked for", totals.unexpected));
  }

  void order() {
    const bool total = experiment_.expect.order == experiment::Order::kTotal;
    const Verdict& order =
        keep(check::check_order(
                 ledger_, {.per_producer = total, .per_key = true, .disturbances = known_.disturbances}),
             Asked::yes);
    if (order.kind == VerdictKind::inconclusive) return;
    expect("order", total ? "as sent" : "per key",
           fmt::format("{} effects behind those of later inputs ({} more in recoveries, permitted)",
                       order.count("inverted"), order.count("permitted")),
           order.kind == VerdictKind::pass);
  }

  void latency() {
    const experiment::ClockBound& bound = experiment_.expect.latency;
    struct Demand {
      std::string_view name;
      double share;
      const std::optional<base::Nanos>& limit;
    };
    std::optional<Verdict> shown;
    for (const Demand& demand : std::initializer_list<Demand>{{"p50", 0.5, bound.p50},
                                                              {"p95", 0.95, bound.p95},
                                                              {"p99", 0.99, bound.p99},
                                                              {"max", 1, bound.max}}) {
      if (!demand.limit) continue;
      const check::LateLimit limit{
          .share = demand.share, .limit = *demand.limit, .disturbances = known_.disturbances};
      Verdict late = check::check_late(ledger_, limit);
      if (late.kind != VerdictKind::inconclusive) {
        const auto got = check::latency_at(ledger_, limit);
        expect("latency", fmt::format("{} {}", demand.name, base::format_duration(*demand.limit)),
               fmt::format("{} {} of {} inputs that no fault touched", demand.name,
                           got ? base::format_duration(*got) : "never", late.count("finished")),
               late.kind == VerdictKind::pass);
      }
      // The one that fails is the one to show.
      if (!shown || shown->kind == VerdictKind::pass) shown = std::move(late);
    }
    if (shown) keep(std::move(*shown), Asked::yes);
  }

  bool carries_something() const {
    return std::ranges::any_of(experiment_.workload.effects, [](const experiment::EffectSpec& effect) {
      return effect.carries.has_value();
    });
  }
  void corrupted() {
    const Verdict& corrupted = keep(check::check_corrupted(ledger_), Asked::yes);
    expect_at_most(
        "corrupted", experiment_.expect.corrupted, corrupted.count("corrupted"),
        of(corrupted.count("corrupted"), corrupted.count("compared"), "values came through changed"));
  }

  void unavailable() {
    const base::Nanos limit = *experiment_.expect.unavailable;
    const Verdict& available = keep(check::check_availability(ledger_, limit), Asked::yes);
    std::uint64_t longest = 0;
    std::uint64_t outages = 0;
    for (const check::Count& count : available.counts) {
      if (count.name.starts_with("longest_us.")) longest = std::max(longest, count.value);
      if (count.name.starts_with("outages.")) outages += count.value;
    }
    expect("unavailable", fmt::format("max {}", base::format_duration(limit)),
           fmt::format("{} times nobody could publish, for {} at most", outages,
                       base::format_duration(std::chrono::microseconds(longest))),
           available.kind != VerdictKind::fail);
  }

  // Only where the server was asked for it, and could be looked at.
  void dedupe() {
    if (!experiment_.workload.message_id || ledger_.size() == 0) return;
    if (!ledger_.run().scanned(ledger_.size() - 1)) return;
    const Verdict& dedupe = keep(check::check_dedupe(ledger_), Asked::no);
    if (dedupe.kind != VerdictKind::fail) return;
    expect("dedupe", "stored once",
           fmt::format("{} inputs are stored more than once, {} acks moved", dedupe.count("stored_twice"),
                       dedupe.count("moved_acks")),
           false);
  }

  // Only where a link between NATS and the service could see them.
  void deliveries() {
    const ledger::Counts& counts = ledger_.counts();
    if (counts.deliveries == 0) return;
    report_.notes.push_back({"deliveries", fmt::format("{} of these inputs seen on links, {} of them again",
                                                       counts.deliveries, counts.redelivered)});
    const Verdict& again = keep(check::check_redelivery(ledger_), Asked::no);
    if (again.kind != VerdictKind::fail) return;
    expect("redelivery", "none",
           fmt::format("{} deliveries after their ack was confirmed ({} more permitted)",
                       again.count("violations"), again.count("permitted")),
           false);
  }

  void errors() {
    const check::Totals& totals = report_.totals;
    // Of a core publish nobody knows more than that it was sent.
    const auto bad = core() ? totals.failed : totals.failed + totals.unknown + totals.recovered;
    const double share =
        totals.attempted == 0 ? 1.0 : static_cast<double>(bad) / static_cast<double>(totals.attempted);
    expect("errors", fmt::format("{:.2f} %", *experiment_.expect.errors * 100),
           fmt::format("{:.2f} % of inputs failed or are unknown", share * 100),
           share <= *experiment_.expect.errors);
  }

  void drained() {
    if (known_.left.empty()) return;
    expect("drained", base::format_duration(experiment_.trials.drain_within), known_.left, false);
  }

  report::CaseReport& report_;
  const experiment::Experiment& experiment_;
  const ledger::Ledger& ledger_;
  const RunKnowledge& known_;
};

}  // namespace

bool RunKnowledge::effects_may_be_unseen() const {
  return std::ranges::any_of(doubts, [](const workload::Doubt& doubt) { return doubt.hides_effects; });
}

bool is_about_absence(const report::Assertion& assertion) {
  static constexpr std::array<std::string_view, 5> kAboutPresence{"duplicates", "unexpected", "order",
                                                                  "corrupted", "dedupe"};
  return std::ranges::find(kAboutPresence, assertion.text) == kAboutPresence.end();
}

void judge_messages(report::CaseReport& report, const experiment::Experiment& experiment,
                    const ledger::Ledger& ledger, const RunKnowledge& known) {
  report.totals = check::count_totals(ledger);
  MessageJudge(report, experiment, ledger, known).judge();
}

}  // namespace squall::run

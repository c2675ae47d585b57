#include "run/loss_words.h"

#include <algorithm>
#include <map>

#include "check/durability.h"
#include "check/loss_cause.h"

namespace squall::run {
namespace {

// "orders or billing"
std::string services_of(const experiment::Experiment& experiment) {
  std::string names;
  for (const experiment::Process& process : experiment.processes) {
    names += (names.empty() ? "" : " or ") + process.name;
  }
  return names.empty() ? "the service" : names;
}

// A fault explains what was under way shortly before it, too.
constexpr base::Nanos kShortlyBefore = std::chrono::seconds(2);

bool is_near(const std::vector<check::Disturbance>& disturbances, base::Instant at) {
  return std::ranges::any_of(disturbances, [at](const check::Disturbance& each) {
    const base::Instant end = each.until.value_or(each.over.value_or(each.from));
    return at >= each.from - kShortlyBefore && at <= end + kShortlyBefore;
  });
}

// When its turn came, as far as the inputs before it tell: with a backlog that is long after it was sent.
// Nothing: no times are known any more.
std::optional<base::Instant> turn_of(const ledger::Ledger& ledger, ledger::OpId id) {
  constexpr ledger::OpId kLookedAt = 64;
  for (ledger::OpId before = id; before > 0 && id - before < kLookedAt;) {
    const ledger::Operation operation = ledger.operation(--before);
    if (operation.times_known && operation.finished() && !operation.filtered)
      return std::max(operation.finished_at(), ledger.operation(id).attempted_at);
  }
  const ledger::Operation operation = ledger.operation(id);
  return operation.times_known ? std::optional(operation.attempted_at) : std::nullopt;
}

class Explanation {
 public:
  explicit Explanation(const Losses& losses)
      : losses_(losses), causes_(losses.ledger), service_(services_of(losses.experiment)) {
    const auto& scans = losses.ledger.run().scans;
    if (!scans.empty()) scan_ = &scans.begin()->second;
    for (const ledger::ConsumerState& consumer : losses.ledger.run().consumers) {
      consumers_ += (consumers_.empty() ? "" : " and ") + consumer.name;
    }
    if (consumers_.empty()) consumers_ = "its consumers";
  }

  std::vector<report::Note> notes() {
    if (const auto count = losses_.lost.count("in_nats")) in_nats(count);
    if (losses_.lost.count("by_service") > 0) by_service();
    if (const auto count = losses_.lost.count("stranded")) stranded(count);
    if (const auto count = losses_.lost.count("pending")) pending(count);
    if (const auto count = losses_.lost.count("undetermined")) {
      say(fmt::format("of {} nobody can say", count),
          "the input stream could not be read, does not show which input is which, or a limit of it has "
          "removed them since");
    }
    return std::move(notes_);
  }

 private:
  std::string stream() const { return scan_ == nullptr ? "the input stream" : scan_->began.name; }
  bool keeps_by_limits() const {
    return scan_ == nullptr || scan_->began.retention == ledger::Retention::limits;
  }
  std::string last_effect() const {
    const experiment::EffectSpec& effect = losses_.experiment.workload.effects.back();
    return effect.subject.empty() ? effect.name : effect.subject;
  }
  void say(std::string where, std::string cause) {
    notes_.push_back({"where", std::move(where)});
    notes_.push_back({"cause", std::move(cause)});
  }

  void in_nats(std::uint64_t count) {
    const std::uint64_t permitted = losses_.durability.count("permitted");
    const std::string where =
        fmt::format("NATS acknowledged {} inputs that {} does not have", count, stream());
    if (!losses_.ledger.run().contract) {
      say(where, "whether it had promised to keep them is not known: its configuration is not");
    } else if (permitted == 0) {
      say(where, "NATS broke its promise: this configuration and these faults permit no loss");
    } else {
      say(where, fmt::format("{} of them are permitted by this configuration, and forbidden by {}", permitted,
                             forbidden_by()));
    }
  }
  // The setting that would forbid the first permitted loss.
  std::string forbidden_by() const {
    const ledger::Ledger& ledger = losses_.ledger;
    for (ledger::OpId id = 0; id < ledger.size(); ++id) {
      if (!check::is_lost(ledger.cards(), ledger.cards().get(id))) continue;
      if (causes_.of(id) != check::LossCause::in_nats) continue;
      const check::Ruling ruling = check::rule_on_loss(ledger, id);
      if (!ruling.violation) return ruling.setting;
    }
    return "other settings";
  }

  void by_service() {
    std::vector<ledger::OpId> lost = lost_by_service();
    const auto passed_over =
        std::erase_if(lost, [&](ledger::OpId id) { return !requests() && causes_.never_delivered(id); });
    if (passed_over > 0) {
      say(fmt::format("NATS kept its promise: {} are still stored in {}, and {} never delivered them",
                      passed_over, stream(), consumers_),
          fmt::format("{} does not get such inputs: its filter or its deliver policy passes over them, or it "
                      "was made anew behind them",
                      service_));
    }
    if (lost.empty()) return;
    say(where_by_service(lost.size()), why_by_service(lost) + with_another_identity());
  }
  bool requests() const { return losses_.ledger.run().has_requests(); }
  std::string where_by_service(std::uint64_t count) const {
    if (requests()) return fmt::format("{} were replied to, and {} does not have them", count, last_effect());
    return keeps_by_limits()
               ? fmt::format(
                     "NATS kept its promise: {} are still stored in {}, acked by {}, never to be "
                     "delivered again",
                     count, stream(), consumers_)
               : fmt::format("NATS kept its promise: {} were acked by {}, which takes them out of {}", count,
                             consumers_, stream());
  }
  std::string why_by_service(const std::vector<ledger::OpId>& lost) const {
    const std::string_view acked = requests() ? "replied to" : "acked";
    const std::string dropped = "does it drop such inputs by design (workload.without_effect)?";
    if (const auto every = regular_gap(lost)) {
      return fmt::format(
          "{} {} these and stored no effect; they are one in every {} inputs, faults or none: {}", service_,
          acked, *every, dropped);
    }
    const std::uint64_t far = far_from_faults(lost);
    if (far == lost.size()) {
      return fmt::format("{} {} these and stored no effect, with no fault near: {}", service_, acked,
                         dropped);
    }
    std::string why = fmt::format("{} {} these before their effect was stored: {} after the PubAck of {}",
                                  service_, acked, requests() ? "reply" : "ack", last_effect());
    if (far > 0) why += fmt::format("; {} of them with no fault near: {}", far, dropped);
    return why;
  }
  std::string with_another_identity() const {
    const std::uint64_t strangers = losses_.ledger.unexpected_count();
    if (strangers == 0) return "";
    return fmt::format(
        "; {} effect{} came with an identity that nobody sent: of these inputs (workload.effect.match)?",
        strangers, strangers == 1 ? "" : "s");
  }
  std::vector<ledger::OpId> lost_by_service() const {
    const ledger::Ledger& ledger = losses_.ledger;
    std::vector<ledger::OpId> lost;
    for (ledger::OpId id = 0; id < ledger.size(); ++id) {
      if (check::is_lost(ledger.cards(), ledger.cards().get(id)) &&
          causes_.of(id) == check::LossCause::by_service) {
        lost.push_back(id);
      }
    }
    return lost;
  }
  // What is dropped by design falls on every n-th input, and not on the faults.
  std::optional<ledger::OpId> regular_gap(const std::vector<ledger::OpId>& lost) const {
    constexpr std::size_t kFew = 5;
    if (lost.size() < std::max(kFew, 2 * losses_.disturbances.size() + 1)) return std::nullopt;
    std::map<ledger::OpId, std::size_t> gaps;
    for (std::size_t i = 1; i < lost.size(); ++i) ++gaps[lost[i] - lost[i - 1]];
    const auto usual =
        std::ranges::max_element(gaps, {}, &std::pair<const ledger::OpId, std::size_t>::second);
    // Inputs in a row are what a dead service leaves, too. A few gaps differ where inputs were not accepted.
    const bool regular = usual->first > 1 && usual->second * 5 >= (lost.size() - 1) * 4;
    const bool throughout =
        lost.front() <= 2 * usual->first && lost.back() + 2 * usual->first >= losses_.ledger.size();
    return regular && throughout ? std::optional(usual->first) : std::nullopt;
  }
  std::uint64_t far_from_faults(const std::vector<ledger::OpId>& lost) const {
    std::uint64_t far = 0;
    for (const ledger::OpId id : lost) {
      const auto at = turn_of(losses_.ledger, id);
      far += at && !is_near(losses_.disturbances, *at) ? 1 : 0;
    }
    return far;
  }
  void stranded(std::uint64_t count) {
    say(fmt::format("{} were delivered max_deliver times to {}, and not acked: nobody gets them again", count,
                    consumers_),
        fmt::format(
            "{} failed at each of these deliveries, or was not there: raise max_deliver, or watch for "
            "the MAX_DELIVERIES advisory",
            service_));
  }
  void pending(std::uint64_t count) {
    say(fmt::format("{} still wait in {} for {}", count, stream(), consumers_),
        losses_.left.empty() ? service_ + " has them, and did not ack them"
                             : service_ + " did not do them in time (" + losses_.left + ")");
  }

  const Losses& losses_;
  check::LossCauses causes_;
  std::string service_;
  const ledger::Scan* scan_ = nullptr;
  std::string consumers_;
  std::vector<report::Note> notes_;
};

// The inputs with more effects than declared, by what is known of them.
struct Doubled {
  std::uint64_t all = 0;
  std::uint64_t without_effect = 0;  // declared to have none
  std::uint64_t stored_again = 0;    // they stand in the input stream more than once themselves
  std::uint64_t undisturbed = 0;     // with no fault near
  std::uint64_t delivered_once = 0;  // as far as links saw
};

Doubled look_at_doubled(const ledger::Ledger& ledger, const std::vector<check::Disturbance>& disturbances) {
  Doubled doubled;
  const ledger::CardTable& cards = ledger.cards();
  const check::LossCauses causes(ledger);
  for (ledger::OpId id = 0; id < ledger.size(); ++id) {
    const ledger::Card card = cards.get(id);
    bool surplus = false;
    for (std::size_t stage = 0; stage < ledger.layout().stages.size(); ++stage) {
      surplus = surplus || cards.surplus(card, static_cast<ledger::Stage>(stage));
    }
    if (!surplus) continue;
    ++doubled.all;
    doubled.without_effect += card.has(ledger::Card::filtered);
    doubled.stored_again += card.stored() > 1;
    doubled.delivered_once += causes.deliveries_known() && card.delivered() == 1;
    if (card.delivered() > 1) continue;
    // What a fault interrupts comes again after ack_wait, however long that is.
    const auto history = ledger.history(id);
    const bool known = history.operation.times_known && !history.effects.empty();
    doubled.undisturbed += known && !is_near(disturbances, history.operation.attempted_at) &&
                           !is_near(disturbances, history.effects.front().at) &&
                           !is_near(disturbances, history.effects.back().at);
  }
  return doubled;
}

}  // namespace

std::string no_effect_words(const workload::Progress& seen, const experiment::EffectSpec& effect,
                            base::Nanos within) {
  if (seen.counts.effects.back() > 0) {
    return fmt::format(
        "without a fault none of {} inputs had all of its {} effects ({}; {} came) within {}: is "
        "effect.per_input right?",
        seen.counts.attempted, effect.per_input, effect.name, seen.counts.effects.back(),
        base::format_duration(within));
  }
  return fmt::format(
      "without a fault none of {} inputs had its effect ({}) within {}: does the service work, and do "
      "workload.effect and its match say where its effects are?",
      seen.counts.attempted, effect.name, base::format_duration(within));
}

std::string explain_duplicates(const experiment::Experiment& experiment, const ledger::Ledger& ledger,
                               const std::vector<check::Disturbance>& disturbances) {
  const experiment::EffectSpec& effect = experiment.workload.effects.back();
  const std::string service = services_of(experiment);
  const Doubled doubled = look_at_doubled(ledger, disturbances);
  if (doubled.all > 0 && doubled.without_effect == doubled.all)
    return service + " made effects of inputs that workload.without_effect says have none";
  if (doubled.all > 0 && doubled.stored_again == doubled.all) {
    return experiment.workload.message_id
               ? "these inputs stand in their stream more than once: the duplicate window was shorter than a "
                 "retry"
               : "these inputs stand in their stream more than once: the load sent them again, and without "
                 "Nats-Msg-Id (message_id: false) nothing refuses that";
  }
  if (doubled.delivered_once * 2 > doubled.all) {
    return fmt::format(
        "{} stored more than one effect for a single delivery, {} times of {}: is that by design "
        "(effect.per_input), or do some carry another input's identity (effect.match)?",
        service, doubled.delivered_once, doubled.all);
  }
  if (doubled.all > 0 && doubled.undisturbed == doubled.all) {
    return fmt::format(
        "{} stored more than one effect with no fault near: is that by design (effect.per_input)?", service);
  }
  std::string why =
      effect.subject.empty()
          ? fmt::format("{} did an input again that was delivered again: make the effect idempotent", service)
          : fmt::format(
                "{} stored an effect again for an input that was delivered again: give each {} a "
                "Nats-Msg-Id made of its input's identity",
                service, effect.subject);
  if (doubled.undisturbed > 0) {
    why += fmt::format("; {} of {} with no fault near: is that by design (effect.per_input)?",
                       doubled.undisturbed, doubled.all);
  }
  return why;
}

std::vector<report::Note> explain_losses(const Losses& losses) { return Explanation(losses).notes(); }

}  // namespace squall::run

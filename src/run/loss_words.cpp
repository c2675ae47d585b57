#include "run/loss_words.h"

#include <algorithm>

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

class Explanation {
 public:
  explicit Explanation(const Losses& losses) : losses_(losses), service_(services_of(losses.experiment)) {
    const auto& scans = losses.ledger.run().scans;
    if (!scans.empty()) scan_ = &scans.begin()->second;
    for (const ledger::ConsumerState& consumer : losses.ledger.run().consumers) {
      consumers_ += (consumers_.empty() ? "" : " and ") + consumer.name;
    }
    if (consumers_.empty()) consumers_ = "its consumers";
  }

  std::vector<report::Note> notes() {
    if (const auto count = losses_.lost.count("in_nats")) in_nats(count);
    if (const auto count = losses_.lost.count("by_service")) by_service(count);
    if (const auto count = losses_.lost.count("stranded")) stranded(count);
    if (const auto count = losses_.lost.count("pending")) pending(count);
    if (const auto count = losses_.lost.count("undetermined")) {
      say(fmt::format("of {} nobody can say", count),
          "the input stream could not be read, or does not show which input is which");
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
    const std::string where = fmt::format(
        "NATS acknowledged {} inputs that {} does not have, and that nobody was given", count, stream());
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
      if (check::cause_of_loss(ledger, id) != check::LossCause::in_nats) continue;
      const check::Ruling ruling = check::rule_on_loss(ledger, id);
      if (!ruling.violation) return ruling.setting;
    }
    return "other settings";
  }

  void by_service(std::uint64_t count) {
    say(keeps_by_limits()
            ? fmt::format("NATS kept its promise: {} are still stored in {}, acked by {}, never to be "
                          "delivered again",
                          count, stream(), consumers_)
            : fmt::format("NATS kept its promise: {} were acked by {}, which takes them out of {}", count,
                          consumers_, stream()),
        fmt::format("{} acked these before their effect was stored: ack after the PubAck of {}", service_,
                    last_effect()));
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
  std::string service_;
  const ledger::Scan* scan_ = nullptr;
  std::string consumers_;
  std::vector<report::Note> notes_;
};

}  // namespace

std::string explain_duplicates(const experiment::Experiment& experiment) {
  const experiment::EffectSpec& effect = experiment.workload.effects.back();
  if (effect.subject.empty()) {
    return fmt::format("{} did an input again that was delivered again: make the effect idempotent",
                       services_of(experiment));
  }
  return fmt::format(
      "{} stored an effect again for an input that was delivered again: give each {} a Nats-Msg-Id made of "
      "its "
      "input's identity",
      services_of(experiment), effect.subject);
}

std::vector<report::Note> explain_losses(const Losses& losses) { return Explanation(losses).notes(); }

}  // namespace squall::run

// What a user reads about losses: a word for each cause, where the lost inputs are, and whose doing it was.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "check/disturbance.h"
#include "check/verdict.h"
#include "experiment/experiment.h"
#include "ledger/ledger.h"
#include "report/run_report.h"
#include "workload/recorder.h"

namespace squall::run {

struct LossWord {
  std::string_view count;    // in the counts of check_lost()
  std::string_view name;     // of the assertion
  std::string_view meaning;  // "3 of 100 …"
};

// In the order of experiment::LossBound.
inline constexpr std::array<LossWord, 4> kLossWords{{
    {"in_nats", "lost in NATS", "acknowledged inputs are gone from their stream, and nobody acked them"},
    {"by_service", "lost by the service", "acknowledged inputs were taken over without an effect"},
    {"stranded", "stranded", "acknowledged inputs were given up after max_deliver attempts"},
    {"pending", "pending", "acknowledged inputs still wait to be done"},
}};

// What is known where something was lost. Lifetime: for the call.
struct Losses {
  const check::Verdict& lost;        // of check_lost()
  const check::Verdict& durability;  // of check_durability()
  const ledger::Ledger& ledger;
  const experiment::Experiment& experiment;
  const std::string& left;  // what the final drain did not see done
  const std::vector<check::Disturbance>& disturbances;
};

// "where" and "cause", one of each for each cause that has losses.
std::vector<report::Note> explain_losses(const Losses& losses);

// Why nothing can be proven: not one input had all its effects without a fault.
std::string no_effect_words(const workload::Progress& seen, const experiment::EffectSpec& effect,
                            base::Nanos within);

// Why an input has more effects than declared.
std::string explain_duplicates(const experiment::Experiment& experiment, const ledger::Ledger& ledger,
                               const std::vector<check::Disturbance>& disturbances);

}  // namespace squall::run

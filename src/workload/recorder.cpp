#include "workload/recorder.h"

namespace squall::workload {

Recorder::Recorder(ledger::Layout layout, ledger::Sink sink) : ledger_(std::move(layout)) {
  if (sink) writer_.emplace(ledger_.layout(), std::move(sink));
}

void Recorder::record(const ledger::Record& record) {
  this->record(ledger::to_entry(record, ledger_.layout()));
}

void Recorder::record(const ledger::Entry& entry) { keep(entry); }

void Recorder::record(const ledger::SentRun& run) { keep(run); }

void Recorder::keep(const auto& what) {
  ledger_.add(what);
  if (!writer_ || write_error_) return;
  if (const auto written = writer_->append(what); !written) write_error_ = written.error().message();
}

void Recorder::flush() {
  if (!writer_ || write_error_) return;
  if (const auto flushed = writer_->flush(); !flushed) write_error_ = flushed.error().message();
}

void Recorder::doubt(std::string_view what, std::uint64_t times, DoubtAbout about) {
  if (times == 0) return;
  auto known = doubt_index_.find(what);
  if (known == doubt_index_.end()) {
    known = doubt_index_.emplace(std::string(what), doubts_.size()).first;
    doubts_.push_back({.what = std::string(what), .hides_effects = about == DoubtAbout::effects});
  }
  doubts_[known->second].times += times;
}

std::vector<Doubt> Recorder::doubts() const {
  std::vector<Doubt> all = doubts_;
  if (write_error_) all.push_back({.what = "the ledger has a hole: " + *write_error_, .times = 1});
  return all;
}

Progress Recorder::progress() {
  const auto waited_for = [this](ledger::OpId id) {
    return !finished(id) && ledger_.operation(id).attempted_at >= given_up_before_;
  };
  while (first_unfinished_ < ledger_.size() && !waited_for(first_unfinished_)) ++first_unfinished_;
  Progress progress{.counts = ledger_.counts(), .unfinished = ledger_.unfinished()};
  if (first_unfinished_ < ledger_.size()) {
    progress.oldest_unfinished_at = ledger_.operation(first_unfinished_).attempted_at;
  }
  return progress;
}

void Recorder::wait_for_all() {
  given_up_before_ = {};
  first_unfinished_ = 0;
}

// Finished for the purpose of "oldest unfinished": it has its final effect, or was never accepted for all
// that we know.
bool Recorder::finished(ledger::OpId id) const {
  const ledger::CardTable& cards = ledger_.cards();
  const ledger::Card card = cards.get(id);
  if (cards.finished(card)) return true;
  switch (card.state()) {
    case ledger::State::open:
    case ledger::State::ok:
      return false;
    case ledger::State::failed:
    case ledger::State::unknown:
      return !cards.has_effect(card);
  }
  return false;
}

}  // namespace squall::workload

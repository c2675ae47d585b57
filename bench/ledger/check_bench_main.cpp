// The ledger of a run of so many messages: how big it is on disk, and what it takes to fold it and to ask
// every checker. One measurement a process, so that its peak of memory is its own; checking.sh takes them in
// turns.
//   check_bench write FILE MESSAGES    writes the ledger of an honest run; prints bytes a message
//   check_bench check FILE             reads it back, folds it, asks all checkers
//   check_bench peer FILE              reads it the same way, and judges losses, duplicates and strangers
//   alone with
//                                      the standard library's hash table: what one would write without this
//                                      folder
#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/clock.h"
#include "check/availability.h"
#include "check/corrupted.h"
#include "check/dedupe.h"
#include "check/duplicates.h"
#include "check/durability.h"
#include "check/late.h"
#include "check/lost.h"
#include "check/order.h"
#include "check/redelivery.h"
#include "check/soundness.h"
#include "check/unexpected.h"
#include "evidence/read_back.h"
#include "ledger/ledger_codec.h"

namespace {

using namespace squall;
using namespace std::chrono_literals;
using ledger::Entry;
using ledger::EntryKind;

double peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

double since(base::Instant began) { return std::chrono::duration<double>(base::now() - began).count(); }

// splitmix64; a Seed a message would cost more than the ledger.
std::uint64_t next(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

// 20,000 inputs a second in eight order keys. Acks come after 100 to 355 µs, effects 40 inputs later with the
// same jitter, and at the end a scan finds each input in its stream.
class HonestRun {
 public:
  HonestRun(ledger::Writer& writer, std::uint64_t messages) : writer_(writer), messages_(messages) {}

  bool write() {
    bool ok = add_circumstance(ledger::Contract{.replicas = 1, .server_version = "2.10.20"});
    for (std::uint64_t id = 0; ok && id < messages_ + kLag; ++id) {
      if (id < messages_) {
        ok = add({.kind = EntryKind::attempt,
                  .id = id,
                  .key = {id, {}},
                  .at = due(id),
                  .order_key = static_cast<std::uint32_t>(1 + id % 8)});
      }
      if (ok && id >= kAckLag && id - kAckLag < messages_) {
        const std::uint64_t acked = id - kAckLag;
        ok = add({.kind = EntryKind::ok, .id = acked, .at = due(id) + jitter(), .stream_seq = acked + 1});
      }
      if (ok && id >= kLag) {
        const std::uint64_t done = id - kLag;
        ok = add(
            {.kind = EntryKind::effect, .key = {done, {}}, .at = due(id) + jitter(), .stream_seq = done + 1});
      }
    }
    const base::Instant end = due(messages_ + kLag) + 1s;
    ok = ok && add_circumstance(ledger::ScanBegan{0, "IN", ledger::Retention::limits, end});
    for (std::uint64_t id = 0; ok && id < messages_; ++id) {
      ok = add({.kind = EntryKind::stored,
                .key = {id, {}},
                .at = end + std::chrono::microseconds(5 * id),
                .stream_seq = id + 1});
    }
    const base::Instant scanned = end + std::chrono::microseconds(5 * messages_);
    ok = ok && add_circumstance(ledger::ScanEnded{0, 1, messages_, "", scanned});
    ok = ok && add_circumstance(ledger::ConsumerState{0, "worker", messages_, messages_, 0, 0, -1, scanned});
    return ok && writer_.flush();
  }

 private:
  static constexpr std::uint64_t kAckLag = 4;
  static constexpr std::uint64_t kLag = 40;

  static base::Instant due(std::uint64_t id) { return base::Instant{std::chrono::microseconds(50 * id)}; }
  base::Nanos jitter() { return std::chrono::microseconds(100 + next(state_) % 256); }
  bool add(const Entry& entry) { return writer_.append(entry).has_value(); }
  bool add_circumstance(ledger::Circumstance circumstance) {
    return writer_.append(ledger::Record(std::move(circumstance))).has_value();
  }

  ledger::Writer& writer_;
  std::uint64_t messages_;
  std::uint64_t state_ = 7;
};

int write_ledger(const std::string& file, std::uint64_t messages) {
  std::ofstream out(file, std::ios::binary);
  std::uint64_t bytes = 0;
  ledger::Writer writer({{"stored"}, "p-", {}}, [&](std::string_view part) -> base::Result<void> {
    bytes += part.size();
    out.write(part.data(), static_cast<std::streamsize>(part.size()));
    return {};
  });
  const base::Instant began = base::now();
  if (!HonestRun(writer, messages).write() || !out.flush()) {
    std::fprintf(stderr, "check_bench: cannot write %s\n", file.c_str());
    return 1;
  }
  fmt::print(R"({{"what":"write","messages":{},"seconds":{:.3f},"bytes":{},"bytes_per_message":{:.2f}}})"
             "\n",
             messages, since(began), bytes, static_cast<double>(bytes) / static_cast<double>(messages));
  return 0;
}

template <typename Take>
bool read_ledger(const std::string& file, Take take) {
  ledger::Reader reader({.on_layout = {}, .on_record = {}, .on_entry = take});
  const auto read =
      evidence::read_pieces(file, [&reader](std::string_view piece) { return reader.feed(piece); });
  if (!read) std::fprintf(stderr, "check_bench: %s\n", read.error().message().c_str());
  if (!read) return false;
  const auto whole = reader.finish();
  return whole && !whole->cut_short;
}

int check_all(const std::string& file) {
  const base::Instant began = base::now();
  ledger::Ledger ledger({{"stored"}, "p-", {}});
  std::uint64_t records = 0;
  if (!read_ledger(file, [&](const Entry& entry) {
        ledger.add(entry);
        ++records;
      })) {
    return 1;
  }
  const double folded = since(began);
  const check::Verdict verdicts[] = {check::check_soundness(ledger),
                                     check::check_lost(ledger),
                                     check::check_duplicates(ledger),
                                     check::check_unexpected(ledger),
                                     check::check_corrupted(ledger),
                                     check::check_late(ledger, {.share = 1, .limit = 1s, .disturbances = {}}),
                                     check::check_order(ledger),
                                     check::check_dedupe(ledger),
                                     check::check_redelivery(ledger),
                                     check::check_availability(ledger, 1s),
                                     check::check_durability(ledger)};
  const double seconds = since(began);
  for (const check::Verdict& verdict : verdicts) {
    if (verdict.kind != check::VerdictKind::fail) continue;
    std::fprintf(stderr, "check_bench: an honest ledger fails %s: %s\n", verdict.checker.c_str(),
                 verdict.reasons.front().c_str());
    return 1;
  }
  fmt::print(
      R"({{"what":"check","messages":{},"records":{},"seconds":{:.3f},"folded":{:.3f},"peak_mib":{:.1f}}})"
      "\n",
      ledger.size(), records, seconds, folded, peak_mib());
  return ledger.counts().ok == ledger.size() ? 0 : 1;
}

struct Known {
  bool acked = false;
  std::uint32_t effects = 0;
};

int check_as_a_peer(const std::string& file) {
  const base::Instant began = base::now();
  std::unordered_map<std::uint64_t, Known> inputs;
  std::uint64_t strangers = 0;
  if (!read_ledger(file, [&](const Entry& entry) {
        if (entry.kind == EntryKind::attempt) inputs.try_emplace(entry.id);
        if (entry.kind == EntryKind::ok) inputs[entry.id].acked = true;
        if (entry.kind != EntryKind::effect) return;
        const auto found = inputs.find(entry.key.number.value_or(0));
        if (found == inputs.end()) {
          ++strangers;
        } else {
          ++found->second.effects;
        }
      })) {
    return 1;
  }
  std::uint64_t lost = 0;
  std::uint64_t doubled = 0;
  for (const auto& [id, known] : inputs) {
    lost += known.acked && known.effects == 0;
    doubled += known.effects > 1;
  }
  fmt::print(R"({{"what":"peer","messages":{},"seconds":{:.3f},"peak_mib":{:.1f}}})"
             "\n",
             inputs.size(), since(began), peak_mib());
  return lost + doubled + strangers == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 2 ? argv[1] : "";
  if (what == "write" && argc == 4) return write_ledger(argv[2], std::stoull(argv[3]));
  if (what == "check" && argc == 3) return check_all(argv[2]);
  if (what == "peer" && argc == 3) return check_as_a_peer(argv[2]);
  std::fprintf(stderr, "usage: check_bench write FILE MESSAGES | check FILE | peer FILE\n");
  return 2;
}

#include "cli/ledger_command.h"

#include <cstdio>
#include <filesystem>

#include "check/loss_cause.h"
#include "cli/complain.h"
#include "cli/ledger_filter.h"
#include "evidence/read_back.h"
#include "ledger/ledger_codec.h"
#include "ledger/ledger_search.h"
#include "ledger/nearest_fault.h"

namespace squall::cli {
namespace {

namespace fs = std::filesystem;

// The ledger of a run folder, or the file itself.
base::Result<fs::path> ledger_of(const fs::path& path) {
  std::error_code failed;
  const fs::file_status status = fs::status(path, failed);
  if (!fs::exists(status)) return base::fail("{}: no such run folder or ledger", path.string());
  fs::path file = fs::is_directory(status) ? path / "ledger.bin" : path;
  if (fs::exists(file, failed)) {
    if (fs::file_size(file, failed) == 0)
      return base::fail("{} is empty: its run ended before anything was sent", file.string());
    return file;
  }
  if (fs::exists(path / "latest" / "ledger.bin", failed)) {
    return base::fail("{} holds runs and is none; its latest one is {}", path.string(),
                      (path / "latest").string());
  }
  return base::fail("{} holds no ledger.bin: it is no run folder, or its run ended before anything was sent",
                    path.string());
}

class LedgerPrinter {
 public:
  LedgerPrinter(fs::path file, LedgerFilter filter) : file_(std::move(file)), filter_(std::move(filter)) {}

  int print_records() {
    if (filter_.is_about_inputs()) {
      if (const auto found = fold(); !found) return complain(kUsage, found.error());
    }
    ledger::Layout layout;
    std::uint64_t printed = 0;
    const auto print = [&](const ledger::Record& record) {
      if (!filter_.wants(record, layout)) return;
      std::fputs(ledger::to_jsonl(record, layout).c_str(), stdout);
      ++printed;
    };
    const auto reading = read({.on_layout = [&](const ledger::Layout& head) { layout = head; },
                               .on_record = print,
                               .on_entry = {}});
    if (!reading) return complain(kUsage, reading.error());
    return say_the_rest(*reading, printed, "records");
  }

  // A line for each input, with everything known about it.
  int print_inputs() {
    const auto whole = fold();
    if (!whole) return complain(kUsage, whole.error());
    const std::vector<ledger::OpId> ids = filter_.chosen();
    ledger::LedgerSearch search(whole->layout(), ids);
    const auto reading = read({.on_layout = {}, .on_record = {}, .on_entry = [&](const ledger::Entry& entry) {
                                 search.see(entry);
                               }});
    if (!reading) return complain(kUsage, reading.error());
    const check::LossCauses causes(*whole);
    for (const ledger::OpId id : ids) {
      const auto history = search.history(id);
      if (!history) continue;
      std::string line = ledger::describe(*history, whole->layout()) +
                         ledger::nearest_fault(whole->run(), history->operation.attempted_at);
      if (check::is_lost(whole->cards(), whole->cards().get(id))) {
        line += fmt::format(" · lost: {}", check::to_string(causes.of(id)));
      }
      std::printf("%s\n", line.c_str());
    }
    return say_the_rest(*reading, ids.size(), "inputs");
  }

 private:
  base::Result<ledger::Reading> read(ledger::Visitor visitor) const {
    ledger::Reader reader(std::move(visitor));
    const auto fed =
        evidence::read_pieces(file_, [&reader](std::string_view piece) { return reader.feed(piece); });
    if (!fed) return base::fail_within(file_.string(), fed.error());
    auto reading = reader.finish();
    if (!reading) return base::fail_within(file_.string(), reading.error());
    return reading;
  }

  // The whole run, with what the filter chose of it.
  base::Result<ledger::Ledger> fold() {
    std::optional<ledger::Ledger> whole;
    const auto reading = read({.on_layout = [&](const ledger::Layout& head) { whole.emplace(head); },
                               .on_record = {},
                               .on_entry = [&](const ledger::Entry& entry) { whole->add(entry); }});
    if (!reading) return std::unexpected(reading.error());
    if (whole->inconsistency()) {
      proves_nothing_ = true;
      std::fprintf(stderr, "squall: %s: it contradicts itself, and proves nothing: %s\n", file_.c_str(),
                   whole->inconsistency()->c_str());
    }
    if (const auto chosen = filter_.choose(*whole); !chosen) {
      return base::fail_within(file_.string(), chosen.error());
    }
    return std::move(*whole);
  }

  // What was printed is not all, or proves nothing: kInconclusive.
  int say_the_rest(const ledger::Reading& reading, std::uint64_t printed, const char* what) const {
    std::fflush(stdout);
    std::error_code failed;
    if (filter_.asks_for_losses() && !fs::exists(file_.parent_path() / "verdict.json", failed)) {
      std::fprintf(
          stderr,
          "squall: %s: there is no verdict.json beside it: its run did not end, and what lacks an effect "
          "may be unfinished rather than lost\n",
          file_.c_str());
    }
    if (reading.cut_short) {
      std::fprintf(stderr, "squall: %s: %s; the %zu bytes before that are whole\n", file_.c_str(),
                   reading.cut_short->c_str(), reading.good_bytes);
    }
    if (printed == 0) {
      std::fprintf(stderr, "squall: %s: no such %s; it has %llu records\n", file_.c_str(), what,
                   static_cast<unsigned long long>(reading.records));
    }
    return reading.cut_short || proves_nothing_ ? kInconclusive : kOk;
  }

  fs::path file_;
  LedgerFilter filter_;
  bool proves_nothing_ = false;  // it contradicts itself
};

struct Asked {
  std::string path;
  FilterWords words;
  bool lines = false;
  bool json = false;

  bool chooses_records() const { return !words.kinds.empty() || !words.from.empty() || !words.to.empty(); }
  // Who asks for what was lost wants to know what happened to it.
  bool wants_lines() const { return lines || (words.lost && !json && !chooses_records()); }
};

int print_ledger(const Asked& asked) {
  auto filter = LedgerFilter::make(asked.words);
  if (!filter) return complain(kUsage, filter.error());
  if (asked.lines && asked.json) {
    return complain(kUsage, base::Error("expected --inputs or --json, not both"));
  }
  if (asked.lines && asked.chooses_records()) {
    return complain(kUsage, base::Error("--inputs prints whole inputs: --kind, --from and --to choose "
                                        "among records"));
  }
  auto file = ledger_of(asked.path);
  if (!file) return complain(kUsage, file.error());
  LedgerPrinter printer(std::move(*file), std::move(*filter));
  return asked.wants_lines() ? printer.print_inputs() : printer.print_records();
}

}  // namespace

Command ledger_command() {
  auto asked = std::make_shared<Asked>();
  FilterWords& words = asked->words;
  return {
      .name = "ledger",
      .summary = "Print the ledger of a run, or a part of it, as JSON lines",
      .options = {{.name = "path",
                   .help = "The run folder, or its ledger.bin",
                   .into = &asked->path,
                   .required = true,
                   .value = "FOLDER"},
                  {.name = "--lost",
                   .help =
                       "Only inputs that were acknowledged and lack an effect: as --inputs, unless --json",
                   .into = &words.lost},
                  {.name = "--key", .help = "Only the input of this identity", .into = &words.keys},
                  {.name = "--id", .help = "Only these inputs, by number: 17 or 17-40", .into = &words.ids},
                  {.name = "--outcome",
                   .help = "Only inputs that ended so: ok, failed, unknown, open",
                   .into = &words.outcomes},
                  {.name = "--kind",
                   .help = "Only such records: attempt, outcome, delivery, effect, stored, …",
                   .into = &words.kinds},
                  {.name = "--from", .help = "Since the run's start: 1.5s", .into = &words.from},
                  {.name = "--to", .help = "Until then", .into = &words.to},
                  {.name = "--inputs",
                   .help = "A line with everything known of each input, not JSON records",
                   .into = &asked->lines},
                  {.name = "--json", .help = "With --lost: their records", .into = &asked->json}},
      .run = [asked] { return print_ledger(*asked); },
      .state = asked};
}

}  // namespace squall::cli

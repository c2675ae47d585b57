#include "run/read_back_examples.h"

#include <optional>

#include "evidence/read_back.h"
#include "ledger/ledger_codec.h"
#include "ledger/ledger_search.h"
#include "ledger/nearest_fault.h"

namespace squall::run {
namespace {

void complete(check::Example& example, const ledger::LedgerSearch& search, const ledger::Layout& layout,
              const ledger::RunFacts& run) {
  const auto history = search.history(*example.unread);
  const std::size_t known = example.facts.find(ledger::kRestIsInTheFile);
  if (!history || known == std::string::npos) return;
  example.facts.replace(
      0, known + ledger::kRestIsInTheFile.size(),
      ledger::describe(*history, layout) + ledger::nearest_fault(run, history->operation.attempted_at));
  example.unread.reset();
}

}  // namespace

base::Result<void> read_back_examples(std::vector<check::Verdict>& checks,
                                      const std::filesystem::path& file) {
  std::vector<ledger::OpId> wanted;
  for (const check::Verdict& verdict : checks) {
    for (const check::Example& example : verdict.examples) {
      if (example.unread) wanted.push_back(*example.unread);
    }
  }
  if (wanted.empty()) return {};
  std::optional<ledger::Layout> layout;
  std::optional<ledger::LedgerSearch> search;
  ledger::RunFacts run;
  ledger::Reader reader({.on_layout =
                             [&](const ledger::Layout& head) {
                               layout = head;
                               search.emplace(head, wanted);
                             },
                         .on_record = {},
                         .on_entry =
                             [&](const ledger::Entry& entry) {
                               search->see(entry);
                               if (entry.circumstance != nullptr) (void)run.add(*entry.circumstance, 0);
                             }});
  const auto read = evidence::read_pieces(file, [&](std::string_view piece) { return reader.feed(piece); });
  if (!read) return read;
  if (const auto whole = reader.finish(); !whole) return base::fail_within(file.string(), whole.error());
  for (check::Verdict& verdict : checks) {
    for (check::Example& example : verdict.examples) {
      if (example.unread) complete(example, *search, *layout, run);
    }
  }
  return {};
}

}  // namespace squall::run

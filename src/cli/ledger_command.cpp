#include "cli/ledger_command.h"

#include <algorithm>
#include <cstdio>
#include <variant>

#include "cli/complain.h"
#include "evidence/read_back.h"
#include "ledger/ledger_codec.h"

namespace squall::cli {
namespace {

// What is known of one input.
class OfKey {
 public:
  explicit OfKey(std::string key) : key_(std::move(key)) {}

  // An empty key wants everything.
  bool wants(const ledger::Record& record) {
    if (key_.empty()) return true;
    if (const auto* attempt = std::get_if<ledger::Attempt>(&record)) {
      if (attempt->key == key_) ids_.push_back(attempt->id);
      return attempt->key == key_;
    }
    if (const auto* outcome = std::get_if<ledger::Outcome>(&record)) {
      return std::find(ids_.begin(), ids_.end(), outcome->id) != ids_.end();
    }
    if (const auto* effect = std::get_if<ledger::Effect>(&record)) return effect->key == key_;
    if (const auto* delivery = std::get_if<ledger::Delivery>(&record)) return delivery->key == key_;
    if (const auto* confirmed = std::get_if<ledger::Confirmed>(&record)) return confirmed->key == key_;
    if (const auto* stored = std::get_if<ledger::Stored>(&record)) return stored->key == key_;
    return false;
  }

 private:
  std::string key_;
  std::vector<ledger::OpId> ids_;
};

int print_ledger(const std::string& file, const std::string& key) {
  const auto bytes = evidence::read_file(file);
  if (!bytes) return complain(kUsage, bytes.error());
  ledger::Layout layout;
  OfKey of_key(key);
  const auto print = [&](const ledger::Record& record) {
    if (of_key.wants(record)) std::fputs(ledger::to_jsonl(record, layout).c_str(), stdout);
  };
  const auto reading = ledger::read(
      *bytes, {.on_layout = [&](const ledger::Layout& head) { layout = head; }, .on_record = print});
  if (!reading) return complain(kUsage, reading.error().within(file));
  if (reading->cut_short) {
    std::fprintf(stderr, "squall: %s: %s; the %zu bytes before that are whole\n", file.c_str(),
                 reading->cut_short->c_str(), reading->good_bytes);
  }
  return kOk;
}

struct Asked {
  std::string file;
  std::string key;
};

}  // namespace

Command ledger_command() {
  auto asked = std::make_shared<Asked>();
  return {
      .name = "ledger",
      .summary = "Print a ledger.bin as JSON lines",
      .options =
          {{.name = "file", .help = "The ledger", .into = &asked->file, .required = true, .value = "FILE"},
           {.name = "--key", .help = "Only what is known of this input", .into = &asked->key}},
      .run = [asked] { return print_ledger(asked->file, asked->key); },
      .state = asked};
}

}  // namespace squall::cli

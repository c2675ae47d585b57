// The reader takes any bytes: no crash, and what it accepts folds into a ledger and prints as JSON.
#include <string_view>

#include "ledger/crc32c.h"
#include "ledger/ledger.h"
#include "ledger/ledger_codec.h"
#include "ledger/ledger_format.h"

namespace {

using namespace squall::ledger;

void read_and_fold(std::string_view input) {
  std::optional<Ledger> ledger;
  Layout layout;
  const auto reading = read(input, {.on_layout =
                                        [&](const Layout& head) {
                                          layout = head;
                                          ledger.emplace(head);
                                        },
                                    .on_record =
                                        [&](const Record& record) {
                                          ledger->add(record);
                                          to_jsonl(record, layout);
                                        }});
  if (reading && reading->good_bytes > input.size()) __builtin_trap();
}

// A ledger whose one frame of records has these, and a right checksum, which no fuzzer guesses.
std::string with_records(std::string_view records) {
  std::string file;
  Writer writer({.stages = {"assignment", "usage"}, .key_prefix = "p-", .anchor = {}},
                [&](std::string_view bytes) -> squall::base::Result<void> {
                  file += bytes;
                  return {};
                });
  (void)writer.flush();
  std::string payload(1, static_cast<char>(format::PayloadKind::records));
  payload += records;
  for (const std::uint32_t word : {static_cast<std::uint32_t>(payload.size()), crc32c(payload)}) {
    for (unsigned shift = 0; shift < 32; shift += 8)
      file.push_back(static_cast<char>((word >> shift) & 0xff));
  }
  return file + payload;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  read_and_fold(input);
  read_and_fold(with_records(input));
  return 0;
}

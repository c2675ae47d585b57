// The reader takes any bytes: no crash, and what it accepts folds into a ledger and prints as JSON.
#include <string_view>

#include "ledger/ledger.h"
#include "ledger/ledger_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace squall::ledger;
  std::optional<Ledger> ledger;
  Layout layout;
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
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
  if (reading && reading->good_bytes > size) __builtin_trap();
  return 0;
}

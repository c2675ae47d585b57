// The `squall` program. So far it reads what a run left behind: run folders and ledgers. Running experiments
// of one's own comes with experiment/.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>

#include "cli/exit_code.h"
#include "cluster/nats_binary.h"
#include "evidence/read_back.h"
#include "evidence/seal.h"
#include "ledger/ledger_codec.h"
#include "report/render.h"

namespace squall::cli {
namespace {

int complain(ExitCode code, const base::Error& error) {
  std::fprintf(stderr, "squall: %s\n", error.message().c_str());
  return code;
}

int print_version() {
  std::printf("squall %s\n", SQUALL_VERSION);
  const auto nats = cluster::resolve_nats_server();
  if (nats) {
    std::printf("nats-server %s (%s)\n", nats->version.text().c_str(), nats->path.c_str());
  } else {
    std::printf("no usable nats-server: %s\n", nats.error().message().c_str());
  }
  return kOk;
}

// Prints the records of a ledger as JSON lines; `key` alone if it is not empty.
int print_ledger(const std::string& file, const std::string& key) {
  const auto bytes = evidence::read_file(file);
  if (!bytes) return complain(kUsage, bytes.error());
  ledger::Layout layout;
  std::vector<ledger::OpId> ids;  // of the key
  const auto wanted = [&](const ledger::Record& record) {
    if (key.empty()) return true;
    if (const auto* attempt = std::get_if<ledger::Attempt>(&record)) {
      if (attempt->key == key) ids.push_back(attempt->id);
      return attempt->key == key;
    }
    if (const auto* outcome = std::get_if<ledger::Outcome>(&record)) {
      return std::find(ids.begin(), ids.end(), outcome->id) != ids.end();
    }
    if (const auto* effect = std::get_if<ledger::Effect>(&record)) return effect->key == key;
    return std::get<ledger::Delivery>(record).key == key;
  };
  const auto reading =
      ledger::read(*bytes, {.on_layout = [&](const ledger::Layout& head) { layout = head; },
                            .on_record =
                                [&](const ledger::Record& record) {
                                  if (!wanted(record)) return;
                                  std::fputs(ledger::to_jsonl(record, layout).c_str(), stdout);
                                }});
  if (!reading) return complain(kUsage, reading.error().within(file));
  if (reading->cut_short) {
    std::fprintf(stderr, "squall: %s: %s; the %zu bytes before that are whole\n", file.c_str(),
                 reading->cut_short->c_str(), reading->good_bytes);
  }
  return kOk;
}

// Prints the table of a run, and says whether its evidence is as it was sealed.
int print_report(const std::string& folder) {
  const auto verdict = evidence::read_file(std::filesystem::path(folder) / "verdict.json");
  if (!verdict) return complain(kUsage, verdict.error());
  const auto report = report::from_json(*verdict);
  if (!report) return complain(kUsage, report.error().within(folder + "/verdict.json"));
  std::printf("%s", report::render_table(*report, {}).c_str());
  const auto differing = evidence::verify_seal(folder);
  if (!differing) return complain(kUsage, differing.error());
  for (const std::string& file : *differing) std::printf("changed since it was sealed: %s\n", file.c_str());
  return differing->empty() ? kOk : kViolated;
}

int run(int argc, char** argv) {
  CLI::App app("Controlled chaos tests for systems on NATS and JetStream");
  app.require_subcommand(1);
  auto* version =
      app.add_subcommand("version", "Print the versions of squall and of the nats-server it would use");
  std::string file;
  std::string key;
  auto* ledger = app.add_subcommand("ledger", "Print a ledger.bin as JSON lines");
  ledger->add_option("file", file, "The ledger")->required();
  ledger->add_option("--key", key, "Only what is known of this input");
  std::string folder;
  auto* report = app.add_subcommand("report", "Print the table of a run folder and check its seal");
  report->add_option("folder", folder, "The run folder")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  if (version->parsed()) return print_version();
  if (ledger->parsed()) return print_ledger(file, key);
  if (report->parsed()) return print_report(folder);
  return kUsage;
}

}  // namespace
}  // namespace squall::cli

int main(int argc, char** argv) {
  try {
    return squall::cli::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "squall: internal error: %s\n", error.what());
    return squall::cli::kInternal;
  }
}

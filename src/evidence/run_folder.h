// The evidence of one run: a folder that is written as things happen, so that a crash loses nothing already
// seen, and that is sealed with checksums at the end. Reading it back: read_back.h.
//
// It knows no ledger and no verdicts; their bytes come from above.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "evidence/append_file.h"
#include "evidence/timeline.h"

namespace squall::evidence {

class RunFolder {
 public:
  struct Options {
    std::filesystem::path artifacts = "_artifacts";
    std::string name;         // of the suite or experiment; unusual characters become '-'
    base::WallAnchor anchor;  // the run's start: the zero of `t_ms`
  };

  // Makes <artifacts>/<UTC compact>-<name>/ with logs/ and nats/ and points <artifacts>/latest at it. Never
  // uses an existing folder: a second run in the same second gets "-2". Errors: not writable, no space.
  static base::Result<RunFolder> create(const Options& options);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path logs() const { return path_ / "logs"; }  // of child processes
  std::filesystem::path nats() const { return path_ / "nats"; }  // configurations and snapshots
  const base::WallAnchor& anchor() const { return anchor_; }

  // Adds one line to timeline.jsonl or samples.jsonl, with `t_ms` (monotonic, since the run's start) and
  // `utc`. Thread: any. Errors: no space, the folder is gone; the run's evidence is then incomplete.
  base::Result<void> append(const Event& event);
  base::Result<void> append(const Sample& sample);

  // Writes manifest.json: `described_host()` and the anchor, with `more` (versions, seeds, command line,
  // the resolved experiment) merged on top. May be called again as more becomes known.
  base::Result<void> write_manifest(const nlohmann::json& more);

  // Writes a whole file; readers see the old or the new one. `name` is relative to the folder.
  base::Result<void> write_file(const std::filesystem::path& name, std::string_view content);
  // Opens a file that grows, such as ledger.bin.
  base::Result<AppendFile> open_append(const std::filesystem::path& name);

  // Writes SHA256SUMS over every regular file; check it with `sha256sum -c SHA256SUMS`. May be called again
  // after more was written (the report). Checksums show damage; they do not prove who wrote the folder.
  base::Result<void> seal();

 private:
  RunFolder(std::filesystem::path path, base::WallAnchor anchor, AppendFile timeline, AppendFile samples);

  std::filesystem::path path_;
  base::WallAnchor anchor_;
  AppendFile timeline_;
  AppendFile samples_;
};

// {"hostname", "kernel", "architecture", "cpus", "cpu_model", "memory_bytes", "os"} of this machine.
nlohmann::json describe_host();

}  // namespace squall::evidence

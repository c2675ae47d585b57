#include "evidence/run_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>

#include "evidence/seal.h"

namespace squall::evidence {
namespace {

namespace fs = std::filesystem;

std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    const bool kept = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
    plain.push_back(kept ? c : '-');
  }
  return plain.empty() ? "run" : plain;
}

base::Result<void> make_artifacts(const fs::path& artifacts) {
  std::error_code error;
  fs::create_directories(artifacts, error);
  // create_directories does not mind an existing file of that name.
  if (!error && !fs::is_directory(artifacts)) error = std::make_error_code(std::errc::not_a_directory);
  if (!error) return {};
  return base::fail("cannot make the artifacts folder {}: {}; name a writable one", artifacts.string(),
                    error.message());
}

// mkdir is what makes sure that no two runs share a folder.
base::Result<fs::path> make_own_folder(const fs::path& artifacts, const std::string& name) {
  for (int attempt = 1; attempt <= 1000; ++attempt) {
    const fs::path path = artifacts / (attempt == 1 ? name : fmt::format("{}-{}", name, attempt));
    if (::mkdir(path.c_str(), 0755) == 0) return path;
    if (errno == EEXIST) continue;
    return base::fail_errno(
        fmt::format("cannot make the run folder {}; name a writable artifacts folder", path.string()), errno);
  }
  return base::fail("cannot make the run folder: {}/{} and its 999 successors exist", artifacts.string(),
                    name);
}

// A convenience for people: where it cannot be made, nothing is lost.
void point_latest_at(const fs::path& artifacts, const fs::path& folder) {
  const fs::path link = artifacts / "latest";
  std::error_code error;
  if (fs::exists(fs::symlink_status(link, error)) && !fs::is_symlink(fs::symlink_status(link, error))) return;
  const fs::path fresh = artifacts / fmt::format(".latest-{}", folder.filename().string());
  fs::create_symlink(folder.filename(), fresh, error);
  if (!error) fs::rename(fresh, link, error);
  if (error) fs::remove(fresh, error);
}

}  // namespace

RunFolder::RunFolder(fs::path path, base::WallAnchor anchor, AppendFile timeline, AppendFile samples)
    : path_(std::move(path)), anchor_(anchor), timeline_(std::move(timeline)), samples_(std::move(samples)) {}

base::Result<RunFolder> RunFolder::create(const Options& options) {
  if (auto made = make_artifacts(options.artifacts); !made) return std::unexpected(made.error());
  const std::string name =
      fmt::format("{}-{}", base::format_utc_compact(options.anchor.wall), plain_name(options.name));
  auto path = make_own_folder(options.artifacts, name);
  if (!path) return std::unexpected(path.error());
  for (const char* sub : {"logs", "nats"}) {
    std::error_code error;
    fs::create_directory(*path / sub, error);
    if (error) return base::fail("cannot make {}/{}: {}", path->string(), sub, error.message());
  }
  auto timeline = AppendFile::open(*path / "timeline.jsonl");
  if (!timeline) return std::unexpected(timeline.error());
  auto samples = AppendFile::open(*path / "samples.jsonl");
  if (!samples) return std::unexpected(samples.error());
  RunFolder folder(*std::move(path), options.anchor, *std::move(timeline), *std::move(samples));
  // Also shows at once, not after minutes, that the disk is full.
  if (auto written = folder.write_manifest(nullptr); !written) return std::unexpected(written.error());
  point_latest_at(options.artifacts, folder.path());
  return folder;
}

base::Result<void> RunFolder::append(const Event& event) { return timeline_.append(to_line(event, anchor_)); }

base::Result<void> RunFolder::append(const Sample& sample) {
  return samples_.append(to_line(sample, anchor_));
}

base::Result<void> RunFolder::write_manifest(const nlohmann::json& more) {
  nlohmann::json manifest{
      {"squall", SQUALL_VERSION}, {"started", base::format_utc(anchor_.wall)}, {"host", describe_host()}};
  if (more.is_object()) manifest.update(more);
  return write_file("manifest.json",
                    manifest.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

base::Result<void> RunFolder::write_file(const fs::path& name, std::string_view content) {
  const fs::path target = path_ / name;
  const fs::path fresh = target.string() + ".new";
  base::UniqueFd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd) return base::fail_errno(fmt::format("cannot write {}", target.string()), errno);
  while (!content.empty()) {
    const ssize_t written = ::write(fd.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error = errno;
      ::unlink(fresh.c_str());
      return base::fail_errno(fmt::format("cannot write {}", target.string()), error);
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::rename(fresh.c_str(), target.c_str()) != 0) {
    return base::fail_errno(fmt::format("cannot write {}", target.string()), errno);
  }
  return {};
}

base::Result<AppendFile> RunFolder::open_append(const fs::path& name) {
  return AppendFile::open(path_ / name);
}

base::Result<void> RunFolder::seal() {
  auto sums = checksum_lines(path_);
  if (!sums) return base::fail_within("cannot seal the evidence", sums.error());
  return write_file(kSealName, *sums);
}

}  // namespace squall::evidence

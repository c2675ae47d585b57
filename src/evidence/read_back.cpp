#include "evidence/read_back.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace squall::evidence {
namespace {

// Lines come nearly in order: several threads append, and an event may be known only after a later one.
void insert_by_time(std::vector<TimelineEntry>& entries, TimelineEntry entry) {
  const auto place = std::upper_bound(
      entries.begin(), entries.end(), entry,
      [](const TimelineEntry& a, const TimelineEntry& b) { return a.since_start < b.since_start; });
  entries.insert(place, std::move(entry));
}

}  // namespace

base::Result<std::string> read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return base::fail_errno(fmt::format("cannot read {}", file.string()), errno);
  std::string content{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (in.bad()) return base::fail("cannot read {}", file.string());
  return content;
}

base::Result<void> read_pieces(const std::filesystem::path& file,
                               const std::function<base::Result<void>(std::string_view piece)>& take) {
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  std::ifstream in(file, std::ios::binary);
  if (!in) return base::fail_errno(fmt::format("cannot read {}", file.string()), errno);
  std::string piece(kPiece, '\0');
  while (in) {
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    const auto got = static_cast<std::size_t>(in.gcount());
    if (got == 0) break;
    if (auto taken = take(std::string_view(piece).substr(0, got)); !taken) return taken;
  }
  if (in.bad()) return base::fail("cannot read {}", file.string());
  return {};
}

base::Result<Timeline> read_timeline(const std::filesystem::path& run_folder) {
  const auto content = read_file(run_folder / "timeline.jsonl");
  if (!content) return std::unexpected(content.error());
  Timeline timeline;
  std::string_view rest = *content;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const auto entry = parse_timeline_line(rest.substr(0, end));
    if (entry) {
      insert_by_time(timeline.entries, *entry);
    } else {
      ++timeline.unreadable_lines;
    }
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return timeline;
}

base::Result<nlohmann::json> read_manifest(const std::filesystem::path& run_folder) {
  const auto content = read_file(run_folder / "manifest.json");
  if (!content) return std::unexpected(content.error());
  auto manifest = nlohmann::json::parse(*content, nullptr, false);
  if (manifest.is_discarded()) return base::fail("{} is no JSON", (run_folder / "manifest.json").string());
  return manifest;
}

}  // namespace squall::evidence

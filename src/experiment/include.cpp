#include "experiment/include.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "experiment/notation.h"

namespace squall::experiment {
namespace {

constexpr std::size_t kDeepestInclude = 8;
constexpr std::size_t kMostIncludes = 64;

void erase(Node& map, std::string_view name) {
  std::erase_if(map.entries, [&](const auto& entry) { return entry.first.text == name; });
}

Node* find(Node& map, std::string_view name) {
  const auto at =
      std::ranges::find_if(map.entries, [&](const auto& entry) { return entry.first.text == name; });
  return at == map.entries.end() ? nullptr : &at->second;
}

std::string normal(const std::filesystem::path& path) { return path.lexically_normal().string(); }

// What `fragment` has and `own` has not.
void merge(Node& own, const Node& fragment) {
  for (const auto& [key, value] : fragment.entries) {
    Node* mine = find(own, key.text);
    if (mine == nullptr) {
      own.entries.push_back({.first = key, .second = value});
    } else if (mine->is_map() && value.is_map()) {
      merge(*mine, value);
    }
  }
}

class Merger {
 public:
  Merger(const std::string& file, const ReadFile& read_file, Mistakes& mistakes)
      : read_file_(read_file), mistakes_(mistakes), open_{normal(file)} {}

  void expand(Node& root, const std::string& file) {
    const Node* named = root.find("include");
    if (named == nullptr) return;
    const Node include = *named;
    erase(root, "include");
    if (include.is_scalar()) {
      add(root, include, file);
    } else if (include.is_list() && !include.items.empty()) {
      for (const Node& item : include.items) add(root, item, file);
    } else {
      mistakes_.push_back({include.place, "include",
                           fmt::format("expected a path or a list of paths, not {}", shown(include))});
    }
  }

 private:
  void add(Node& root, const Node& named, const std::string& file) {
    const auto refuse = [&](std::string message) {
      mistakes_.push_back({named.place, "include", std::move(message)});
    };
    if (!named.is_scalar()) return refuse(fmt::format("expected a path, not {}", shown(named)));
    const std::string path = normal(std::filesystem::path(file).parent_path() / named.text);
    if (std::ranges::find(open_, path) != open_.end()) {
      return refuse(fmt::format("{} includes itself", path));
    }
    if (open_.size() >= kDeepestInclude || ++included_ > kMostIncludes) return refuse("too many includes");
    if (!read_file_) return refuse("files cannot be included here");
    const auto text = read_file_(path);
    if (!text) return refuse(text.error().message());
    auto fragment = read_document(*text, path, mistakes_);
    if (!fragment) return;
    if (!fragment->is_map()) return refuse(fmt::format("{} is no mapping", path));
    open_.push_back(path);
    expand(*fragment, path);
    open_.pop_back();
    merge(root, *fragment);
  }

  const ReadFile& read_file_;
  Mistakes& mistakes_;
  std::vector<std::string> open_;
  std::size_t included_ = 0;
};

}  // namespace

void merge_includes(Node& root, const std::string& file, const ReadFile& read_file, Mistakes& mistakes) {
  Merger(file, read_file, mistakes).expand(root, file);
}

std::map<std::string, std::string> take_variables(Node& root, Reading& reading) {
  std::map<std::string, std::string> variables;
  const Node* named = root.find("vars");
  if (named == nullptr) return variables;
  if (!named->is_map()) {
    reading.expected(*named, "vars", "a mapping from a name to its value");
  } else {
    for (const auto& [key, value] : named->entries) {
      const std::string field = joined("vars", key.text);
      if (!is_name(key.text)) reading.mistake(key, field, "expected a name of letters, digits, - and _");
      if (auto text = reading.scalar(value, field, "a text")) variables[key.text] = std::move(*text);
    }
  }
  erase(root, "vars");
  return variables;
}

}  // namespace squall::experiment

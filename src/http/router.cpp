#include "http/router.h"

namespace squall::http {

std::optional<PathParts> match_path(std::string_view pattern, std::string_view path) {
  PathParts parts;
  while (true) {
    const std::size_t open = pattern.find("{}");
    if (open == pattern.npos) {
      if (pattern != path) return std::nullopt;
      return parts;
    }
    if (!path.starts_with(pattern.substr(0, open))) return std::nullopt;
    path.remove_prefix(open);
    pattern.remove_prefix(open + 2);
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end == 0) return std::nullopt;
    parts.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
}

}  // namespace squall::http

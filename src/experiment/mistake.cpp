#include "experiment/mistake.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <tuple>

namespace squall::experiment {
namespace {

// Longer texts are no misspelt names, and comparing them costs the product of their lengths.
constexpr std::size_t kLongestName = 64;

// Insertions, deletions, changes and swaps of neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> table(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        table[i][j] = i + j;
        continue;
      }
      const std::size_t changed = table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      table[i][j] = std::min({changed, table[i - 1][j] + 1, table[i][j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        table[i][j] = std::min(table[i][j], table[i - 2][j - 2] + 1);
      }
    }
  }
  return table[a.size()][b.size()];
}

}  // namespace

std::string to_text(const Mistake& mistake) {
  std::string text = mistake.place.file;
  if (mistake.place.line > 0) text += fmt::format(":{}:{}", mistake.place.line, mistake.place.column);
  if (!mistake.field.empty()) text += ": " + mistake.field;
  return text + ": " + mistake.message;
}

std::string to_text(const Mistakes& mistakes) {
  std::string text;
  for (const Mistake& mistake : mistakes) text += to_text(mistake) + "\n";
  return text;
}

void put_in_order(Mistakes& mistakes) {
  std::ranges::stable_sort(mistakes, {}, [](const Mistake& mistake) {
    return std::tie(mistake.place.file, mistake.place.line, mistake.place.column);
  });
  const auto [first, last] = std::ranges::unique(mistakes);
  mistakes.erase(first, last);
}

std::optional<std::string> nearest(std::string_view text, const std::vector<std::string>& known) {
  if (text.empty() || text.size() > kLongestName) return std::nullopt;
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(1, text.size() / 3) + 1;
  for (const std::string& name : known) {
    // "SIGKILL" means KILL.
    const bool inside = name.size() > 2 && text.find(name) != std::string_view::npos;
    const std::size_t distance = inside ? 1 : edit_distance(text, name);
    if (distance < best_distance) {
      best_distance = distance;
      best = name;
    }
  }
  return best;
}

std::string suggestion(std::string_view text, const std::vector<std::string>& known) {
  if (const auto near = nearest(text, known)) return fmt::format(" (did you mean {}?)", *near);
  if (known.empty()) return "";
  return fmt::format(" (known: {})", fmt::join(known, ", "));
}

std::string with_article(std::string_view words) {
  const bool vowel = !words.empty() && std::string_view("aeio").find(words.front()) != std::string_view::npos;
  return fmt::format("{} {}", vowel ? "an" : "a", words);
}

}  // namespace squall::experiment

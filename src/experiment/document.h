// A YAML text as a tree of nodes with their places. The only user of yaml-cpp, which is bounded here: size,
// depth and number of nodes, and no aliases (a few lines of them can stand for billions of nodes).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "experiment/mistake.h"

namespace squall::experiment {

struct Entry;

struct Node {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  Place place;
  std::string text;  // of a scalar
  bool quoted = false;
  std::vector<Node> items;     // of a list
  std::vector<Entry> entries;  // of a map, in the file's order; keys are scalars

  bool is_null() const { return kind == Kind::kNull; }
  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }
  // Of a map; null when it has no such field.
  const Node* find(std::string_view name) const;
  // The same with the place of the field's name.
  const Entry* find_entry(std::string_view name) const;
};

// A field of a map. No std::pair: a vector of pairs of an incomplete type is beyond what the standard allows.
struct Entry {
  Node first;   // its name
  Node second;  // what it is
};

inline constexpr std::size_t kLargestFile = 256 * 1024;
inline constexpr int kDeepest = 32;
inline constexpr std::size_t kMostNodes = 20'000;

// Pure. Nothing, and at least one mistake, when the text is no YAML, exceeds the bounds or is not one
// document. A field that is given twice is a mistake of its own.
std::optional<Node> read_document(std::string_view text, const std::string& file, Mistakes& mistakes);

// What stands there, for messages: "\"fast\"", "a list", "nothing".
std::string shown(const Node& node);

}  // namespace squall::experiment

#include "experiment/document.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>

namespace squall::experiment {
namespace {

// Ends the parsing from inside a callback.
struct Refused {
  Place place;
  std::string message;
};

class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const std::string& file) : file_(file) {}

  Node take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    add({.kind = Node::Kind::kNull, .place = place(mark)});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override { refuse_anchor(mark, 1); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    add({.kind = Node::Kind::kScalar, .place = place(mark), .text = value, .quoted = tag == "!"});
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    refuse_anchor(mark, anchor);
    open({.kind = Node::Kind::kList, .place = place(mark)});
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    refuse_anchor(mark, anchor);
    open({.kind = Node::Kind::kMap, .place = place(mark)});
  }
  void OnMapEnd() override { close(); }

  Place place(const YAML::Mark& mark) const {
    return mark.is_null() ? Place{file_, 1, 1} : Place{file_, mark.line + 1, mark.column + 1};
  }

 private:
  struct Open {
    Node node;
    std::optional<Node> key;  // of a map: read, and its value is not there yet
  };

  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) const {
    if (anchor == YAML::NullAnchor) return;
    throw Refused{place(mark), "anchors and aliases are not allowed: use vars or include"};
  }

  void count(const Node& node) {
    if (++nodes_ > kMostNodes) throw Refused{node.place, fmt::format("more than {} values", kMostNodes)};
  }

  void open(Node node) {
    count(node);
    if (open_.size() >= kDeepest) throw Refused{node.place, fmt::format("nested deeper than {}", kDeepest)};
    if (!open_.empty() && open_.back().node.is_map() && !open_.back().key) {
      throw Refused{node.place, "expected a field's name"};
    }
    open_.push_back({std::move(node), std::nullopt});
  }

  void close() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    put(std::move(node));
  }

  void add(Node node) {
    count(node);
    put(std::move(node));
  }

  void put(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.is_list()) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      if (!node.is_scalar() || node.text.empty()) throw Refused{node.place, "expected a field's name"};
      parent.key = std::move(node);
    } else {
      // A missing value has the place of whatever follows it.
      if (node.is_null()) node.place = parent.key->place;
      parent.node.entries.push_back({.first = std::move(*parent.key), .second = std::move(node)});
      parent.key.reset();
    }
  }

  const std::string& file_;
  std::vector<Open> open_;
  Node root_;
  std::size_t nodes_ = 0;
};

void find_repeated_fields(const Node& node, Mistakes& mistakes) {
  std::vector<std::string_view> names;
  for (const auto& [key, value] : node.entries) {
    names.emplace_back(key.text);
    find_repeated_fields(value, mistakes);
  }
  std::ranges::sort(names);
  for (auto at = std::ranges::adjacent_find(names); at != names.end();
       at = std::adjacent_find(at + 1, names.end())) {
    const auto later = std::ranges::find_if(node.entries.rbegin(), node.entries.rend(),
                                            [&](const auto& entry) { return entry.first.text == *at; });
    mistakes.push_back({later->first.place, later->first.text, "is given twice"});
  }
  for (const Node& item : node.items) find_repeated_fields(item, mistakes);
}

// Bytes that no text file has, and that yaml-cpp would take for the end of its input or for text.
std::optional<Place> find_control_character(std::string_view text, const std::string& file) {
  Place place{file, 1, 1};
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\r' && c != '\t') || byte == 0x7f) return place;
    if (c == '\n') {
      ++place.line;
      place.column = 1;
    } else {
      ++place.column;
    }
  }
  return std::nullopt;
}

}  // namespace

const Entry* Node::find_entry(std::string_view name) const {
  const auto at = std::ranges::find_if(entries, [&](const auto& entry) { return entry.first.text == name; });
  return at == entries.end() ? nullptr : &*at;
}

const Node* Node::find(std::string_view name) const {
  const auto* entry = find_entry(name);
  return entry == nullptr ? nullptr : &entry->second;
}

std::string shown(const Node& node) {
  if (node.is_null()) return "nothing";
  if (node.is_map()) return "a mapping";
  if (node.is_list()) return "a list";
  constexpr std::size_t kLongest = 60;
  if (node.text.size() > kLongest) return fmt::format("\"{}...\"", node.text.substr(0, kLongest - 3));
  return fmt::format("\"{}\"", node.text);
}

std::optional<Node> read_document(std::string_view text, const std::string& file, Mistakes& mistakes) {
  const auto refuse = [&](Place place, std::string message) {
    mistakes.push_back({std::move(place), "", std::move(message)});
    return std::nullopt;
  };
  if (text.size() > kLargestFile) {
    return refuse({file, 0, 0}, fmt::format("larger than {} KiB", kLargestFile / 1024));
  }
  if (const auto place = find_control_character(text, file)) return refuse(*place, "a control character");
  TreeBuilder builder(file);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return refuse({file, 1, 1}, "the file is empty");
    Node root = builder.take_root();
    TreeBuilder second(file);
    if (parser.HandleNextDocument(second)) {
      return refuse(second.take_root().place, "expected one YAML document, not two");
    }
    find_repeated_fields(root, mistakes);
    return root;
  } catch (const Refused& refused) {
    return refuse(refused.place, refused.message);
  } catch (const YAML::Exception& error) {
    const bool in_brackets = error.msg.find("flow") != std::string::npos;
    return refuse(
        builder.place(error.mark),
        fmt::format("not YAML: {}{}", error.msg,
                    in_brackets ? " (in [ ] and { } a text with any of [ ] { } , : # needs quotes)" : ""));
  }
}

}  // namespace squall::experiment

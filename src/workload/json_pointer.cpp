#include "workload/json_pointer.h"

#include <charconv>
#include <nlohmann/json.hpp>

namespace squall::workload {
namespace {

constexpr std::string_view kBlank = " \t\r\n";

// A place in the text, moving forward.
class Scanner {
 public:
  explicit Scanner(std::string_view text, std::size_t at = 0) : text_(text), at_(at) {}

  std::size_t at() const { return at_; }
  char peek() {
    while (at_ < text_.size() && kBlank.find(text_[at_]) != std::string_view::npos) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }
  // The string token here, quotes included.
  std::optional<std::string_view> string() {
    if (peek() != '"') return std::nullopt;
    const std::size_t begin = at_++;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) return std::nullopt;
    ++at_;
    return text_.substr(begin, at_ - begin);
  }
  // Steps over the value here.
  std::optional<TextSpan> value() {
    const char first = peek();
    const std::size_t begin = at_;
    if (first == '"') {
      if (!string()) return std::nullopt;
    } else if (first == '{' || first == '[') {
      if (!nested()) return std::nullopt;
    } else {
      while (at_ < text_.size() && kBlank.find(text_[at_]) == std::string_view::npos &&
             std::string_view(",]}").find(text_[at_]) == std::string_view::npos) {
        ++at_;
      }
      if (at_ == begin) return std::nullopt;
    }
    return TextSpan{begin, at_};
  }

 private:
  bool nested() {
    std::size_t depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        if (!string()) return false;
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return true;
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_;
};

// A string token without quotes and escapes.
std::optional<std::string> plain(std::string_view token) {
  const std::string_view inside = token.substr(1, token.size() - 2);
  if (inside.find('\\') == std::string_view::npos) return std::string(inside);
  const auto json = nlohmann::json::parse(token, nullptr, /*allow_exceptions=*/false);
  if (!json.is_string()) return std::nullopt;
  return json.get<std::string>();
}

bool names(std::string_view token, std::string_view key) {
  const std::string_view inside = token.substr(1, token.size() - 2);
  if (inside.find('\\') == std::string_view::npos) return inside == key;
  return plain(token) == key;
}

std::optional<TextSpan> member(std::string_view text, TextSpan object, std::string_view key) {
  Scanner scanner(text.substr(0, object.end), object.begin);
  if (!scanner.take('{')) return std::nullopt;
  while (const auto name = scanner.string()) {
    if (!scanner.take(':')) return std::nullopt;
    const auto value = scanner.value();
    if (!value || names(*name, key)) return value;
    if (!scanner.take(',')) return std::nullopt;
  }
  return std::nullopt;
}

std::optional<TextSpan> element(std::string_view text, TextSpan array, std::string_view step) {
  std::size_t index = 0;
  const auto [stop, error] = std::from_chars(step.data(), step.data() + step.size(), index);
  if (error != std::errc{} || stop != step.data() + step.size()) return std::nullopt;
  Scanner scanner(text.substr(0, array.end), array.begin);
  if (!scanner.take('[')) return std::nullopt;
  while (const auto value = scanner.value()) {
    if (index-- == 0) return value;
    if (!scanner.take(',')) return std::nullopt;
  }
  return std::nullopt;
}

// "a~1b~0c" → "a/b~c"
std::string unescape_step(std::string_view step) {
  std::string key;
  for (std::size_t at = 0; at < step.size(); ++at) {
    if (step[at] == '~' && at + 1 < step.size()) {
      key += step[++at] == '1' ? '/' : '~';
    } else {
      key += step[at];
    }
  }
  return key;
}

std::optional<TextSpan> go_down(std::string_view text, TextSpan from, std::string_view step) {
  if (from.begin >= from.end) return std::nullopt;
  if (text[from.begin] == '[') return element(text, from, step);
  if (step.find('~') == std::string_view::npos) return member(text, from, step);
  return member(text, from, unescape_step(step));
}

}  // namespace

std::optional<TextSpan> find_json(std::string_view text, std::string_view pointer) {
  // On the way down only what comes before the value is read.
  const std::size_t begin = std::min(text.find_first_not_of(kBlank), text.size());
  auto span = pointer.empty() ? Scanner(text).value() : std::optional(TextSpan{begin, text.size()});
  while (span && !pointer.empty()) {
    if (pointer.front() != '/') return std::nullopt;
    pointer.remove_prefix(1);
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    span = go_down(text, *span, pointer.substr(0, end));
    pointer.remove_prefix(end);
  }
  return span;
}

std::optional<std::string> json_text_at(std::string_view text, std::string_view pointer) {
  const auto span = find_json(text, pointer);
  if (!span) return std::nullopt;
  const std::string_view value = text.substr(span->begin, span->end - span->begin);
  if (value.front() == '"') return plain(value);
  return std::string(value);
}

base::Result<std::string> put_json(std::string_view text, std::string_view pointer, std::string_view value) {
  if (const auto span = find_json(text, pointer)) {
    return std::string(text.substr(0, span->begin)).append(value).append(text.substr(span->end));
  }
  const std::size_t slash = pointer.rfind('/');
  const auto parent =
      slash == std::string_view::npos ? std::nullopt : find_json(text, pointer.substr(0, slash));
  if (!parent || text[parent->begin] != '{') {
    return base::fail("there is no value at {} and no object to put it into", pointer);
  }
  const bool empty = Scanner(text, parent->begin + 1).peek() == '}';
  const std::string key = nlohmann::json(unescape_step(pointer.substr(slash + 1))).dump();
  std::string whole(text.substr(0, parent->end - 1));
  whole += fmt::format("{}{}:{}", empty ? "" : ",", key, value);
  return whole.append(text.substr(parent->end - 1));
}

}  // namespace squall::workload

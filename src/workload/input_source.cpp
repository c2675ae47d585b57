#include "workload/input_source.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/invariant.h"
#include "base/seed.h"
#include "wire/subject.h"
#include "workload/json_pointer.h"

namespace squall::workload {
namespace {

// Text that means itself in a template.
std::string literally(std::string_view text) {
  std::string escaped;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text.substr(at).starts_with("${")) escaped += '$';
    escaped += text[at];
  }
  return escaped;
}

constexpr std::size_t kMostDigits = 20;  // of 64 bits

void append_number(std::string& out, std::uint64_t number) {
  char digits[kMostDigits];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, end);
}

// n modulo `of`, without a division where there is only one.
std::size_t in_turn(std::uint64_t n, std::size_t of) { return of == 1 ? 0 : n % of; }

// One sample (its own text is literal) or template with the values that are set in it, as a template.
base::Result<TextTemplate> compile(std::string text, bool is_sample, const InputOptions& options) {
  if (is_sample) text = literally(text);
  for (const auto& [pointer, value] : options.set) {
    const bool number = value == "${number}";
    auto with = put_json(text, pointer, number ? value : nlohmann::json(value).dump());
    if (!with) return std::unexpected(with.error());
    text = std::move(*with);
  }
  return TextTemplate::parse(text);
}

}  // namespace

base::Result<TextTemplate> TextTemplate::parse(std::string_view text) {
  TextTemplate parsed;
  std::string plain;
  while (!text.empty()) {
    const std::size_t mark = std::min(text.find("${"), text.size());
    const bool escaped = mark > 0 && mark < text.size() && text[mark - 1] == '$';
    plain += text.substr(0, escaped ? mark - 1 : mark);
    text.remove_prefix(mark);
    if (text.empty()) break;
    if (escaped) {
      plain += "${";
      text.remove_prefix(2);
      continue;
    }
    const std::size_t end = text.find('}');
    if (end == std::string_view::npos) return base::fail("no }} behind \"{}\"", text.substr(0, 20));
    const std::string_view name = text.substr(2, end - 2);
    text.remove_prefix(end + 1);
    Part part{};
    if (name == "id") {
      part = Part::kId;
    } else if (name == "number") {
      part = Part::kNumber;
    } else if (name == "time") {
      part = Part::kTime;
    } else {
      return base::fail("${{{}}} is not known here; there are ${{id}}, ${{number}} and ${{time}}", name);
    }
    if (!plain.empty()) parsed.parts_.emplace_back(Part::kText, std::exchange(plain, {}));
    parsed.parts_.emplace_back(part, "");
  }
  if (!plain.empty()) parsed.parts_.emplace_back(Part::kText, std::move(plain));
  return parsed;
}

void TextTemplate::append(std::string& out, std::string_view id, std::uint64_t number,
                          base::WallInstant started) const {
  for (const auto& [part, text] : parts_) {
    switch (part) {
      case Part::kText:
        out += text;
        break;
      case Part::kId:
        out += id;
        break;
      case Part::kNumber:
        append_number(out, number);
        break;
      case Part::kTime:
        out += base::format_utc(started + std::chrono::microseconds(number));
        break;
    }
  }
}

base::Result<std::vector<std::string>> split_samples(std::string_view jsonl) {
  std::vector<std::string> samples;
  for (std::size_t line = 1; !jsonl.empty(); ++line) {
    const std::size_t end = std::min(jsonl.find('\n'), jsonl.size());
    std::string_view text = jsonl.substr(0, end);
    jsonl.remove_prefix(std::min(end + 1, jsonl.size()));
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (text.find_first_not_of(" \t") == std::string_view::npos) continue;
    if (!nlohmann::json::accept(text)) return base::fail("line {} is no JSON", line);
    samples.emplace_back(text);
  }
  if (samples.empty()) return base::fail("there is no sample in it");
  return samples;
}

base::Result<InputSource> InputSource::make(InputOptions options) {
  InputSource source(std::move(options));
  const InputOptions& given = source.options_;
  for (const std::string& text : given.subjects) {
    auto compiled = TextTemplate::parse(text);
    if (!compiled) return base::fail_within("subject " + text, compiled.error());
    source.subjects_.push_back(std::move(*compiled));
  }
  if (source.subjects_.empty()) return base::fail("there is no subject to publish to");
  for (const SizeRange& range : given.sizes) {
    if (range.most < range.least)
      return base::fail("a size from {} to {} is no range", range.least, range.most);
  }
  for (const bool is_sample : {true, false}) {
    const auto& texts = is_sample ? given.samples : given.templates;
    for (std::size_t at = 0; at < texts.size(); ++at) {
      auto compiled = compile(texts[at], is_sample, given);
      const std::string where = fmt::format("{} {}", is_sample ? "sample" : "template", at + 1);
      if (!compiled) return base::fail_within(where, compiled.error());
      source.payloads_.push_back(std::move(*compiled));
    }
  }
  for (const auto& [name, value] : given.headers) {
    auto compiled = TextTemplate::parse(value);
    if (!compiled) return base::fail_within("header " + name, compiled.error());
    source.headers_.emplace_back(name, std::move(*compiled));
  }
  if (given.without_effect) {
    if (auto declared = source.declare_without_effect(*given.without_effect); !declared)
      return std::unexpected(declared.error());
  }
  return source;
}

base::Result<void> InputSource::declare_without_effect(const WithoutEffect& which) {
  std::vector<bool> subjects;
  for (std::size_t at = 0; at < subjects_.size(); ++at) {
    const std::string subject = input(at).subject;
    const auto matches = [&](const std::string& pattern) { return wire::subject_matches(pattern, subject); };
    subjects.push_back(which.subjects.empty() || std::ranges::any_of(which.subjects, matches));
  }
  std::vector<bool> payloads;
  for (std::size_t at = 0; at < std::max<std::size_t>(payloads_.size(), 1); ++at) {
    const auto value = json_text_at(input(at).payload, which.pointer);
    payloads.push_back(which.pointer.empty() ||
                       (value && std::ranges::find(which.values, *value) != which.values.end()));
  }
  // Subjects and payloads take turns; with different counts every pair comes up.
  const auto all = [](const std::vector<bool>& each) { return std::ranges::all_of(each, std::identity{}); };
  const auto none = [](const std::vector<bool>& each) { return std::ranges::none_of(each, std::identity{}); };
  if (all(subjects) && all(payloads))
    return base::fail("without_effect covers every input: there would be nothing to judge");
  if (none(subjects) || none(payloads)) return base::fail("without_effect covers no input of this load");
  quiet_subjects_ = std::move(subjects);
  quiet_payloads_ = std::move(payloads);
  return {};
}

Input InputSource::input(ledger::OpId id) const {
  Input made;
  make_input(id, made);
  return made;
}

void InputSource::make_input(ledger::OpId id, Input& input) const {
  const auto fill = [&](const TextTemplate& from, std::string& into) {
    into.clear();
    from.append(into, input.key, id, options_.started);
  };
  const std::string& prefix = options_.key_prefix;
  input.key.resize_and_overwrite(prefix.size() + kMostDigits, [&](char* to, std::size_t) {
    char* const digits = std::ranges::copy(prefix, to).out;
    return static_cast<std::size_t>(std::to_chars(digits, digits + kMostDigits, id).ptr - to);
  });
  const std::size_t subject = in_turn(id, subjects_.size());
  fill(subjects_[subject], input.subject);
  input.order_key = static_cast<std::uint32_t>(subject) + 1;
  input.filtered = !quiet_subjects_.empty() && quiet_subjects_[id % quiet_subjects_.size()] &&
                   quiet_payloads_[id % quiet_payloads_.size()];
  if (payloads_.empty()) {
    pad(id, input);
  } else {
    fill(payloads_[in_turn(id, payloads_.size())], input.payload);
  }
  input.headers.resize(headers_.size() + (options_.message_id ? 1 : 0));
  for (std::size_t at = 0; at < headers_.size(); ++at) {
    input.headers[at].first = headers_[at].first;
    fill(headers_[at].second, input.headers[at].second);
  }
  if (options_.message_id) {
    input.headers.back().first = "Nats-Msg-Id";
    input.headers.back().second = input.key;
  }
}

void InputSource::pad(ledger::OpId id, Input& input) const {
  constexpr std::string_view kHead = R"({"id":")";
  constexpr std::string_view kMiddle = R"(","pad":")";
  constexpr std::string_view kTail = R"("})";
  const std::size_t least = kHead.size() + input.key.size() + kMiddle.size() + kTail.size();
  std::size_t size = least;
  if (!options_.sizes.empty()) {
    const SizeRange& range = options_.sizes[in_turn(id, options_.sizes.size())];
    size = range.least;
    if (range.most > range.least)
      size += base::Seed(options_.seed).derive(id).below(range.most - range.least + 1);
  }
  if (size < least) {
    input.payload.assign(size, 'x');
    return;
  }
  input.payload.resize(size);
  char* to = input.payload.data();
  for (const std::string_view part : {kHead, std::string_view(input.key), kMiddle}) {
    to = std::ranges::copy(part, to).out;
  }
  to = std::fill_n(to, size - least, 'x');
  std::ranges::copy(kTail, to);
}

}  // namespace squall::workload

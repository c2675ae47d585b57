#include "wire/frame_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>

#include "base/invariant.h"

namespace squall::wire {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

enum class Verb { kInfo, kConnect, kPub, kHpub, kSub, kUnsub, kMsg, kHmsg, kPing, kPong, kOk, kErr };

struct VerbRule {
  Verb verb;
  std::string_view text;
  bool from_server;
  bool from_client;
  bool needs_blank;  // "SUBa" is no SUB, though "PINGa" is a PING: so nats-server's parser has it
};

constexpr VerbRule kPubRule{Verb::kPub, "PUB", false, true, true};
constexpr VerbRule kMsgRule{Verb::kMsg, "MSG", true, false, true};
constexpr VerbRule kHpubRule{Verb::kHpub, "HPUB", false, true, true};
constexpr VerbRule kHmsgRule{Verb::kHmsg, "HMSG", true, false, true};
constexpr std::array<VerbRule, 12> kRules{kPubRule,
                                          kHpubRule,
                                          kMsgRule,
                                          kHmsgRule,
                                          {Verb::kSub, "SUB", false, true, true},
                                          {Verb::kUnsub, "UNSUB", false, true, true},
                                          {Verb::kPing, "PING", true, true, false},
                                          {Verb::kPong, "PONG", true, true, false},
                                          {Verb::kOk, "+OK", true, true, false},
                                          {Verb::kErr, "-ERR", true, true, false},
                                          {Verb::kInfo, "INFO", true, true, false},
                                          {Verb::kConnect, "CONNECT", false, true, false}};

bool is_blank(char c) { return c == ' ' || c == '\t'; }
char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; }

// "pub", compared by its letters in either case. Letters only: c | 0x20 is injective for them.
template <std::size_t N>
bool starts_with_letters(const char* bytes, const char (&lower)[N]) {
  for (std::size_t i = 0; i + 1 < N; ++i) {
    if ((bytes[i] | 0x20) != lower[i]) return false;
  }
  return true;
}

struct VerbMatch {
  const VerbRule* rule = nullptr;
  bool incomplete = false;
  std::size_t wrong_at = 0;  // when there is neither
};

// Every verb that the sender may use, letter by letter.
VerbMatch match_any_verb(std::string_view bytes, Sender sender) {
  VerbMatch match;
  for (const VerbRule& rule : kRules) {
    if (!(sender == Sender::kServer ? rule.from_server : rule.from_client)) continue;
    const std::size_t length = std::min(rule.text.size(), bytes.size());
    std::size_t same = 0;
    while (same < length && to_upper(bytes[same]) == rule.text[same]) ++same;
    if (same == rule.text.size()) return {&rule};
    if (same == bytes.size()) match.incomplete = true;
    match.wrong_at = std::max(match.wrong_at, same);
  }
  return match;
}

VerbMatch match_verb(std::string_view bytes, Sender sender) {
  if (bytes.size() >= 4) {  // what almost every frame is
    const char* p = bytes.data();
    if (sender == Sender::kClient) {
      if (starts_with_letters(p, "pub")) return {&kPubRule};
      if (starts_with_letters(p, "hpub")) return {&kHpubRule};
    } else {
      if (starts_with_letters(p, "msg")) return {&kMsgRule};
      if (starts_with_letters(p, "hmsg")) return {&kHmsgRule};
    }
  }
  return match_any_verb(bytes, sender);
}

HeadStep malformed(ParseErrorKind kind, std::size_t offset) {
  return {.step = {.status = ParseStatus::kMalformed, .error = {kind, offset}}};
}

HeadStep incomplete(std::size_t size) { return {.step = {.status = ParseStatus::kIncomplete, .size = size}}; }

// The first byte in [p, end) that is a blank or a control character, eight bytes at a time; else `end`.
const char* find_blank_or_control(const char* p, const char* end) {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  for (; end - p >= 8; p += 8) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, p, sizeof bytes);
    if constexpr (std::endian::native == std::endian::big) bytes = __builtin_bswap64(bytes);
    // The top bit of each byte that is at most ' '; exact for the lowest one, which is all that counts.
    const std::uint64_t low = (bytes - kEach * (' ' + 1)) & ~bytes & (kEach * 0x80);
    if (low != 0) return p + std::countr_zero(low) / 8;
  }
  while (p != end && static_cast<unsigned char>(*p) > ' ') ++p;
  return p;
}

// A control line's arguments, at most `kMost`.
template <std::size_t kMost>
struct Arguments {
  std::string_view at[kMost];
  std::size_t count = 0;

  // False when there are more, or a CR among them.
  bool split(std::string_view line) {
    const char* p = line.data();
    const char* const end = p + line.size();
    while (true) {
      while (p != end && is_blank(*p)) ++p;
      if (p == end) return true;
      if (count == kMost) return false;
      const char* const start = p;
      p = find_blank_or_control(p, end);
      while (p != end && !is_blank(*p)) {  // a control character, which is the subject's affair but for CR
        if (*p == '\r') return false;
        p = find_blank_or_control(p + 1, end);
      }
      at[count++] = {start, static_cast<std::size_t>(p - start)};
    }
  }
};

// What nats-server takes for a size: one to nine digits.
constexpr std::size_t kBadNumber = kNone;

std::size_t to_size(std::string_view digits) {
  if (digits.empty() || digits.size() > 9) return kBadNumber;
  std::size_t value = 0;
  for (const char c : digits) {
    const unsigned digit = static_cast<unsigned char>(c) - static_cast<unsigned>('0');
    if (digit > 9) return kBadNumber;
    value = value * 10 + digit;
  }
  return value;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '\'' && text.back() == '\'') return text.substr(1, text.size() - 2);
  return text;
}

// A control line behind its verb, and what is to be said of it. The result is filled in place: it is larger
// than a register, and copying what was just written in parts stalls the processor.
struct Line {
  std::string_view text;
  std::size_t at;  // where `text` begins in the frame
  const Limits& limits;
  Frame& frame;
  HeadStep& head;

  std::size_t offset_of(std::string_view argument) const {
    return at + static_cast<std::size_t>(argument.data() - text.data());
  }
  void fail(ParseErrorKind kind) const { head = malformed(kind, at); }
  void fail(ParseErrorKind kind, std::string_view argument) const {
    head = malformed(kind, offset_of(argument));
  }
};

// PUB, HPUB, MSG and HMSG: subject [sid] [reply] [header size] total.
template <bool kWithSid, bool kWithHeaders>
void parse_message_line(const Line& line) {
  constexpr std::size_t kFewest = 2 + (kWithSid ? 1 : 0) + (kWithHeaders ? 1 : 0);
  Arguments<kFewest + 1> arguments;
  if (!arguments.split(line.text) || arguments.count < kFewest)
    return line.fail(ParseErrorKind::kBadArguments);
  const bool with_reply = arguments.count == kFewest + 1;
  const std::string_view total_text = arguments.at[arguments.count - 1];
  const std::size_t total = to_size(total_text);
  if (total == kBadNumber) return line.fail(ParseErrorKind::kBadSize, total_text);
  std::size_t header_size = 0;
  if constexpr (kWithHeaders) {
    const std::string_view header_text = arguments.at[arguments.count - 2];
    header_size = to_size(header_text);
    if (header_size == kBadNumber || header_size > total) {
      return line.fail(ParseErrorKind::kBadSize, header_text);
    }
  }
  if (total > line.limits.payload) return line.fail(ParseErrorKind::kPayloadTooLarge, total_text);
  if constexpr (kWithSid) {
    line.frame.emplace<Msg>(arguments.at[0], arguments.at[1],
                            with_reply ? arguments.at[2] : std::string_view{});
  } else {
    line.frame.emplace<Pub>(arguments.at[0], with_reply ? arguments.at[1] : std::string_view{});
  }
  line.head.has_body = true;
  line.head.header_size = header_size;
  line.head.payload_size = total - header_size;
}

void parse_sub(const Line& line) {
  Arguments<3> arguments;
  if (!arguments.split(line.text) || arguments.count < 2) return line.fail(ParseErrorKind::kBadArguments);
  const bool with_queue = arguments.count == 3;
  line.frame.emplace<Sub>(arguments.at[0], with_queue ? arguments.at[1] : std::string_view{},
                          arguments.at[arguments.count - 1]);
}

void parse_unsub(const Line& line) {
  Arguments<2> arguments;
  if (!arguments.split(line.text) || arguments.count < 1) return line.fail(ParseErrorKind::kBadArguments);
  Unsub& unsub = line.frame.emplace<Unsub>(arguments.at[0], std::nullopt);
  if (arguments.count == 1) return;
  // nats-server takes what is no number for "at once".
  if (const std::size_t most = to_size(arguments.at[1]); most != kBadNumber) unsub.max_messages = most;
}

void parse_json(Verb verb, const Line& line) {
  const std::string_view json = trimmed(line.text);
  if (json.empty()) return line.fail(ParseErrorKind::kBadArguments);
  if (verb == Verb::kInfo) {
    line.frame = Info{json};
  } else {
    line.frame = Connect{json};
  }
}

void parse_line(Verb verb, const Line& line) {
  switch (verb) {
    case Verb::kPub:
      return parse_message_line<false, false>(line);
    case Verb::kHpub:
      return parse_message_line<false, true>(line);
    case Verb::kMsg:
      return parse_message_line<true, false>(line);
    case Verb::kHmsg:
      return parse_message_line<true, true>(line);
    case Verb::kSub:
      return parse_sub(line);
    case Verb::kUnsub:
      return parse_unsub(line);
    case Verb::kInfo:
    case Verb::kConnect:
      return parse_json(verb, line);
    case Verb::kPing:
      line.frame = Ping{};
      return;
    case Verb::kPong:
      line.frame = Pong{};
      return;
    case Verb::kOk:
      line.frame = Ok{};
      return;
    case Verb::kErr:
      line.frame = Err{unquoted(trimmed(line.text))};
      return;
  }
}

// Gives the frame its body; `head` is complete and all of its bytes are there.
ParseStep attach_body(std::string_view bytes, const HeadStep& head, Frame& frame) {
  const std::size_t body_size = head.header_size + head.payload_size;
  const std::string_view body = bytes.substr(head.step.size, body_size);
  const char* const tail = bytes.data() + head.step.size + body_size;
  if (tail[0] != '\r' || tail[1] != '\n') {
    const std::size_t offset = head.step.size + body_size + (tail[0] == '\r' ? 1 : 0);
    return malformed(ParseErrorKind::kNoCrlf, offset).step;
  }
  const auto attach = [&](auto& message) {
    message.headers = body.substr(0, head.header_size);
    message.payload = body.substr(head.header_size);
  };
  if (Pub* pub = std::get_if<Pub>(&frame)) {
    attach(*pub);
  } else {
    attach(std::get<Msg>(frame));
  }
  return {.status = ParseStatus::kComplete, .size = head.frame_size()};
}

std::string_view text_of(ParseErrorKind kind) {
  switch (kind) {
    case ParseErrorKind::kUnknownVerb:
      return "unknown protocol operation";
    case ParseErrorKind::kLineTooLong:
      return "control line is too long";
    case ParseErrorKind::kBadArguments:
      return "wrong number of arguments";
    case ParseErrorKind::kBadSize:
      return "a size is no number, or headers are larger than the whole";
    case ParseErrorKind::kPayloadTooLarge:
      return "payload is too large";
    case ParseErrorKind::kNoCrlf:
      return "payload does not end in CRLF where its size says";
  }
  return "malformed frame";
}

}  // namespace

HeadStep parse_head(std::string_view bytes, Sender sender, const Limits& limits, Frame& frame) {
  const VerbMatch match = match_verb(bytes, sender);
  if (match.rule == nullptr) {
    if (match.incomplete) return incomplete(bytes.size() + 1);
    return malformed(ParseErrorKind::kUnknownVerb, match.wrong_at);
  }
  const VerbRule& rule = *match.rule;
  const std::size_t line_at = rule.text.size();
  if (bytes.size() == line_at) return incomplete(line_at + 1);
  if (rule.needs_blank && !is_blank(bytes[line_at])) return malformed(ParseErrorKind::kUnknownVerb, line_at);

  // The limit holds for all that follows the verb and one blank, whether the line's end has come or not, so
  // that the verdict does not depend on how the bytes arrived.
  const bool is_json = rule.verb == Verb::kInfo || rule.verb == Verb::kConnect;
  const std::size_t longest = line_at + 1 + (is_json ? limits.json_line : limits.control_line);
  const std::size_t searched = std::min(bytes.size() - line_at, longest + 2 - line_at);
  const void* const newline = std::memchr(bytes.data() + line_at, '\n', searched);
  if (newline == nullptr) {
    if (bytes.size() >= longest + 2) return malformed(ParseErrorKind::kLineTooLong, longest);
    return incomplete(bytes.size() + 1);
  }
  const auto end = static_cast<std::size_t>(static_cast<const char*>(newline) - bytes.data());
  std::string_view line = bytes.substr(line_at, end - line_at);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (line_at + line.size() > longest) return malformed(ParseErrorKind::kLineTooLong, longest);

  HeadStep head;
  head.step.size = end + 1;
  parse_line(rule.verb, {line, line_at, limits, frame, head});
  return head;
}

ParseStep parse_frame(std::string_view bytes, Sender sender, const Limits& limits, Frame& frame) {
  const HeadStep head = parse_head(bytes, sender, limits, frame);
  if (head.step.status != ParseStatus::kComplete || !head.has_body) return head.step;
  if (bytes.size() < head.frame_size()) return incomplete(head.frame_size()).step;
  return attach_body(bytes, head, frame);
}

std::string describe(const ParseError& error, std::string_view frame_bytes) {
  constexpr std::size_t kShown = 48;
  std::string shown;
  for (const char c : frame_bytes.substr(0, kShown)) {
    if (c == '\r') {
      shown += "\\r";
    } else if (c == '\n') {
      shown += "\\n";
    } else if (static_cast<unsigned char>(c) < ' ' || static_cast<unsigned char>(c) >= 0x7f) {
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      shown += c;
    }
  }
  return fmt::format("{} (at byte {} of the frame: \"{}{}\")", text_of(error.kind), error.offset, shown,
                     frame_bytes.size() > kShown ? "…" : "");
}

FrameBuffer::FrameBuffer(Sender sender, const Limits& limits, std::size_t capacity)
    : sender_(sender),
      limits_(limits),
      data_(std::make_unique_for_overwrite<char[]>(capacity)),
      capacity_(capacity) {
  SQUALL_CHECK(capacity > 0);
}

std::span<char> FrameBuffer::prepare() {
  last_ = {};
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (begin_ > 0 && (capacity_ - end_ < capacity_ / 4 || begin_ + wanted_ > capacity_)) {
    std::memmove(data_.get(), data_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == capacity_) {  // by doubling, never at a declared size's word: that may be a lie
    auto larger = std::make_unique_for_overwrite<char[]>(capacity_ * 2);
    std::memcpy(larger.get(), data_.get(), end_);
    data_ = std::move(larger);
    capacity_ *= 2;
  }
  return {data_.get() + end_, capacity_ - end_};
}

void FrameBuffer::commit(std::size_t size) {
  SQUALL_CHECK(size <= capacity_ - end_);
  end_ += size;
}

void FrameBuffer::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::span<char> room = prepare();
    const std::size_t size = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), size);
    commit(size);
    bytes.remove_prefix(size);
  }
}

ParseStatus FrameBuffer::next(Frame& frame) {
  const std::string_view waiting = unread();
  if (waiting.size() < wanted_) return ParseStatus::kIncomplete;
  const ParseStep step = parse_frame(waiting, sender_, limits_, frame);
  switch (step.status) {
    case ParseStatus::kComplete:
      last_ = waiting.substr(0, step.size);
      begin_ += step.size;
      wanted_ = 1;
      break;
    case ParseStatus::kIncomplete:
      wanted_ = step.size;
      break;
    case ParseStatus::kMalformed:
      error_ = step.error;
      break;
  }
  return step.status;
}

}  // namespace squall::wire

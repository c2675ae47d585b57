#include "wire/jetstream_wire.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "wire/subject.h"

namespace squall::wire {
namespace {

std::optional<std::uint64_t> to_number(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

// Operations, the longest first where one begins like another, and what follows them.
struct Operation {
  std::string_view name;
  int names;  // how many of stream and consumer stand behind it
  bool more;  // whether anything may follow (a filter subject, a create without a name)
};
constexpr std::array kOperations{
    Operation{"CONSUMER.DURABLE.CREATE", 2, false},
    Operation{"CONSUMER.LEADER.STEPDOWN", 2, false},
    Operation{"CONSUMER.MSG.NEXT", 2, false},
    Operation{"CONSUMER.CREATE", 2, true},
    Operation{"CONSUMER.DELETE", 2, false},
    Operation{"CONSUMER.INFO", 2, false},
    Operation{"CONSUMER.LIST", 1, false},
    Operation{"CONSUMER.NAMES", 1, false},
    Operation{"CONSUMER.PAUSE", 2, false},
    Operation{"CONSUMER.UNPIN", 2, false},
    Operation{"STREAM.LEADER.STEPDOWN", 1, false},
    Operation{"STREAM.MSG.DELETE", 1, false},
    Operation{"STREAM.MSG.GET", 1, false},
    Operation{"STREAM.PEER.REMOVE", 1, false},
    Operation{"STREAM.CREATE", 1, false},
    Operation{"STREAM.DELETE", 1, false},
    Operation{"STREAM.INFO", 1, false},
    Operation{"STREAM.LIST", 0, false},
    Operation{"STREAM.NAMES", 0, false},
    Operation{"STREAM.PURGE", 1, false},
    Operation{"STREAM.RESTORE", 1, false},
    Operation{"STREAM.SNAPSHOT", 1, false},
    Operation{"STREAM.UPDATE", 1, false},
    Operation{"DIRECT.GET", 1, true},
    Operation{"INFO", 0, false},
};

std::string_view take_token(std::string_view& rest) {
  const std::size_t dot = rest.find('.');
  const std::string_view token = rest.substr(0, dot);
  rest.remove_prefix(dot == std::string_view::npos ? rest.size() : dot + 1);
  return token;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

void skip_blanks(std::string_view& text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
}

bool take_sign(std::string_view& text, char sign) {
  skip_blanks(text);
  if (text.empty() || text.front() != sign) return false;
  text.remove_prefix(1);
  skip_blanks(text);
  return true;
}

// A string's bytes; nothing when there is none, or when escapes make it more than bytes.
std::optional<std::string_view> take_plain_string(std::string_view& text) {
  if (!take_prefix(text, "\"")) return std::nullopt;
  const std::size_t end = text.find_first_of("\"\\");
  if (end == std::string_view::npos || text[end] != '"') return std::nullopt;
  const std::string_view value = text.substr(0, end);
  text.remove_prefix(end + 1);
  return value;
}

std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const char* const begin = text.data();
  const auto [stop, error] = std::from_chars(begin, begin + text.size(), value);
  if (error != std::errc{} || (*begin == '0' && stop - begin > 1)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(stop - begin));
  return value;
}

bool take_usual_field(std::string_view& text, PubAck& ack) {
  const auto key = take_plain_string(text);
  if (!key || !take_sign(text, ':')) return false;
  if (*key == "seq") {
    const auto seq = take_number(text);
    ack.seq = seq.value_or(0);
    return seq.has_value();
  }
  if (*key == "duplicate") {
    ack.duplicate = take_prefix(text, "true");
    return ack.duplicate || take_prefix(text, "false");
  }
  if (*key != "stream" && *key != "domain") return false;
  const auto name = take_plain_string(text);
  (*key == "stream" ? ack.stream : ack.domain) = name.value_or(std::string_view{});
  return name.has_value();
}

// An acknowledgement as nats-server writes it, without a JSON parser: this runs once per published message.
// Nothing for everything else, which is not wrong by that.
std::optional<PubAck> parse_usual_pub_ack(std::string_view text) {
  PubAck ack;
  if (!take_sign(text, '{')) return std::nullopt;
  do {
    if (!take_usual_field(text, ack)) return std::nullopt;
  } while (take_sign(text, ','));
  if (!take_sign(text, '}') || !text.empty()) return std::nullopt;
  return ack;
}

void read_error(const nlohmann::json& error, PubAck& ack) {
  ack.has_error = true;
  if (!error.is_object()) {
    ack.error_text = error.dump();
    return;
  }
  ack.error_code = error.value("code", 0);
  ack.error_number = error.value("err_code", 0);
  ack.error_text = error.value("description", std::string());
}

}  // namespace

std::optional<AckSubject> parse_ack_subject(std::string_view subject) {
  if (!subject.starts_with("$JS.ACK.")) return std::nullopt;
  const SubjectTokens tokens = split_subject(subject);
  if (tokens.count < 9 || tokens.count == 10) return std::nullopt;
  AckSubject ack;
  std::size_t first = 2;
  if (tokens.count > 9) {
    ack.domain = tokens.at[2] == "_" ? std::string_view{} : tokens.at[2];
    ack.account_hash = tokens.at[3];
    first = 4;
  }
  std::array<std::uint64_t, 5> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto number = to_number(tokens.at[first + 2 + i]);
    if (!number) return std::nullopt;
    numbers[i] = *number;
  }
  if (numbers[3] > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
  ack.stream = tokens.at[first];
  ack.consumer = tokens.at[first + 1];
  ack.delivered = numbers[0];
  ack.stream_seq = numbers[1];
  ack.consumer_seq = numbers[2];
  ack.stored_at = base::WallInstant{base::Nanos{static_cast<std::int64_t>(numbers[3])}};
  ack.num_pending = numbers[4];
  return ack;
}

std::optional<AckVerb> parse_ack_verb(std::string_view payload) {
  if (payload.empty() || payload == "+ACK") return AckVerb::kAck;
  if (payload.starts_with("-NAK")) return AckVerb::kNak;
  if (payload == "+WPI") return AckVerb::kProgress;
  if (payload.starts_with("+TERM")) return AckVerb::kTerm;
  if (payload.starts_with("+NXT")) return AckVerb::kNext;
  return std::nullopt;
}

std::string nak_payload(base::Nanos delay) {
  if (delay <= base::Nanos{0}) return "-NAK";
  return fmt::format(R"(-NAK {{"delay": {}}})", delay.count());
}

std::optional<ApiSubject> parse_api_subject(std::string_view subject) {
  ApiSubject api;
  if (!take_prefix(subject, "$JS.")) return std::nullopt;
  if (!take_prefix(subject, "API.")) {
    api.domain = take_token(subject);
    if (api.domain.empty() || !take_prefix(subject, "API.")) return std::nullopt;
  }
  for (const Operation& operation : kOperations) {
    std::string_view rest = subject;
    if (!take_prefix(rest, operation.name)) continue;
    if (rest.empty() != (operation.names == 0)) continue;
    if (!rest.empty() && rest.front() != '.') continue;
    api.operation = subject.substr(0, operation.name.size());
    if (!rest.empty()) rest.remove_prefix(1);
    if (operation.names >= 1) api.stream = take_token(rest);
    if (operation.names >= 2) api.consumer = take_token(rest);
    const bool short_of_names =
        operation.names > 0 &&
        (api.stream.empty() || (operation.names > 1 && !operation.more && api.consumer.empty()));
    if (short_of_names || (!rest.empty() && !operation.more)) return std::nullopt;
    return api;
  }
  return std::nullopt;
}

std::string api_subject(std::string_view operation, std::string_view stream, std::string_view consumer) {
  std::string subject = fmt::format("$JS.API.{}", operation);
  for (const std::string_view name : {stream, consumer}) {
    if (!name.empty()) subject.append(".").append(name);
  }
  return subject;
}

base::Result<PubAck> parse_pub_ack(std::string_view body) {
  if (auto usual = parse_usual_pub_ack(body)) return std::move(*usual);
  const auto json = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return base::fail("not a PubAck: \"{}\"", body.substr(0, 64));
  try {
    PubAck ack;
    ack.stream = json.value("stream", std::string());
    ack.domain = json.value("domain", std::string());
    ack.seq = json.value("seq", std::uint64_t{0});
    ack.duplicate = json.value("duplicate", false);
    if (const auto error = json.find("error"); error != json.end()) read_error(*error, ack);
    return ack;
  } catch (const nlohmann::json::exception& wrong_type) {
    return base::fail("not a PubAck: {}", wrong_type.what());
  }
}

}  // namespace squall::wire

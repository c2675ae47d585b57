#include "client/operation_table.h"

#include <array>

#include "base/invariant.h"
#include "wire/jetstream_wire.h"

namespace squall::client {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";

constexpr auto kValueOfDigit = [] {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<unsigned char>(kDigits[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}();

OperationError no_responders() {
  return {.kind = ErrorKind::kNoResponders, .code = wire::kStatusNoResponders, .text = "no responders"};
}

PublishOutcome read_pub_ack(const MessageView& answer) {
  if (const int status = answer.status(); status == wire::kStatusNoResponders) {
    return publish_outcome(no_responders());
  } else if (status != 0) {
    return publish_outcome({.kind = ErrorKind::kBadReply,
                            .code = status,
                            .text = std::string(wire::header_description(answer.headers))});
  }
  auto ack = wire::parse_pub_ack(answer.payload);
  if (!ack) return publish_outcome({.kind = ErrorKind::kBadReply, .text = ack.error().message()});
  if (ack->stored()) return Acknowledged{std::move(ack->stream), ack->seq, ack->duplicate};
  if (ack->has_error) {
    return publish_outcome(
        {ErrorKind::kRefused, ack->error_code, ack->error_number, std::move(ack->error_text)});
  }
  return publish_outcome({.kind = ErrorKind::kBadReply, .text = "a PubAck with sequence 0"});
}

}  // namespace

void complete(OperationCallback& callback, const MessageView& answer) {
  if (auto* publish = std::get_if<Connection::PublishCompletion>(&callback)) {
    (*publish)(read_pub_ack(answer));
  } else if (answer.status() == wire::kStatusNoResponders) {
    std::get<Connection::RequestCompletion>(callback)(std::unexpected(no_responders()));
  } else {
    std::get<Connection::RequestCompletion>(callback)(answer);
  }
}

void complete(OperationCallback& callback, OperationError error) {
  if (auto* publish = std::get_if<Connection::PublishCompletion>(&callback)) {
    (*publish)(publish_outcome(std::move(error)));
  } else {
    std::get<Connection::RequestCompletion>(callback)(std::unexpected(std::move(error)));
  }
}

OperationTable::Token OperationTable::add(OperationCallback callback, base::Instant deadline,
                                          std::uint64_t begins_at) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  Slot& slot = slots_[index];
  slot.callback = std::move(callback);
  slot.deadline = deadline;
  slot.begins_at = begins_at;
  slot.used = true;
  ++slot.generation;
  earliest_ = used_ == 0 ? deadline : std::min(earliest_, deadline);
  ++used_;
  return (std::uint64_t{slot.generation} << 32) | index;
}

// The callback leaves its slot before it is called: it may add operations itself.
OperationCallback OperationTable::release(std::uint32_t index) {
  Slot& slot = slots_[index];
  SQUALL_CHECK(slot.used);
  slot.used = false;
  --used_;
  free_.push_back(index);
  return std::move(slot.callback);
}

bool OperationTable::finish(Token token, const MessageView& answer) {
  const auto index = static_cast<std::uint32_t>(token);
  if (index >= slots_.size() || !slots_[index].used || slots_[index].generation != token >> 32) return false;
  OperationCallback callback = release(index);
  complete(callback, answer);
  return true;
}

void OperationTable::expire(base::Instant now) {
  std::vector<OperationCallback> late;
  base::Instant earliest = base::Instant::max();
  for (std::uint32_t index = 0; index < slots_.size(); ++index) {
    if (!slots_[index].used) continue;
    if (slots_[index].deadline <= now) {
      late.push_back(release(index));
    } else {
      earliest = std::min(earliest, slots_[index].deadline);
    }
  }
  earliest_ = earliest;
  for (OperationCallback& callback : late) {
    complete(callback, {.kind = ErrorKind::kTimedOut, .text = "no answer before the deadline"});
  }
}

void OperationTable::fail_all(std::uint64_t handed_over, std::string_view why) {
  std::vector<std::pair<OperationCallback, bool>> lost;
  for (std::uint32_t index = 0; index < slots_.size(); ++index) {
    if (slots_[index].used) lost.emplace_back(release(index), slots_[index].begins_at < handed_over);
  }
  earliest_ = base::Instant::max();
  for (auto& [callback, was_sent] : lost) {
    complete(callback, {.kind = was_sent ? ErrorKind::kConnectionLost : ErrorKind::kNotSent,
                        .text = fmt::format("{}: {}", was_sent ? "connection lost" : "not sent", why)});
  }
}

std::optional<base::Instant> OperationTable::earliest() const {
  if (used_ == 0 || earliest_ == base::Instant::max()) return std::nullopt;
  return earliest_;
}

void OperationTable::write_token(Token token, char* out) {
  for (std::size_t i = kTokenSize; i-- > 0; token >>= 6) out[i] = kDigits[token & 63];
}

std::optional<OperationTable::Token> OperationTable::read_token(std::string_view text) {
  if (text.size() != kTokenSize) return std::nullopt;
  Token token = 0;
  for (const char c : text) {
    const int value = kValueOfDigit[static_cast<unsigned char>(c)];
    if (value < 0) return std::nullopt;
    token = (token << 6) | static_cast<unsigned>(value);
  }
  return token;
}

}  // namespace squall::client

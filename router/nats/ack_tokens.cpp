#include "router/nats/ack_tokens.h"

#include <charconv>
#include <vector>

namespace router::nats {
namespace {

std::vector<std::string_view> tokens_of(std::string_view subject) {
  std::vector<std::string_view> tokens;
  for (;;) {
    const auto dot = subject.find('.');
    tokens.push_back(subject.substr(0, dot));
    if (dot == std::string_view::npos) return tokens;
    subject.remove_prefix(dot + 1);
  }
}

bool read(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::optional<AckTokens> parse_ack_subject(std::string_view subject) {
  const auto tokens = tokens_of(subject);
  if (tokens.size() != 9 && tokens.size() < 11) return std::nullopt;
  if (tokens[0] != "$JS" || tokens[1] != "ACK") return std::nullopt;
  const std::size_t at = tokens.size() == 9 ? 2 : 4;
  AckTokens read_from{.stream = std::string(tokens[at]), .consumer = std::string(tokens[at + 1])};
  std::uint64_t nanoseconds = 0;
  if (!read(tokens[at + 2], read_from.delivered) || !read(tokens[at + 3], read_from.stream_sequence) ||
      !read(tokens[at + 4], read_from.consumer_sequence) || !read(tokens[at + 5], nanoseconds) ||
      !read(tokens[at + 6], read_from.pending)) {
    return std::nullopt;
  }
  read_from.stored_at = base::WallInstant(base::Nanos(static_cast<std::int64_t>(nanoseconds)));
  return read_from;
}

}  // namespace router::nats

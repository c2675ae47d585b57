// libFuzzer: the first byte chooses direction and limits, the second the split. Whatever the bytes are, how
// they arrive changes nothing, and each frame reads back from what is written of it.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/invariant.h"
#include "wire/frame_parser.h"
#include "wire/frame_writer.h"
#include "wire/headers.h"
#include "wire/jetstream_wire.h"

namespace {

using namespace squall::wire;

struct Outcome {
  std::vector<std::string> frames;
  std::string raw;
  bool failed = false;
  ParseError error{};

  bool operator==(const Outcome&) const = default;
};

void check_round_trip(const Frame& frame, Sender sender) {
  std::string written;
  append_frame(written, frame);
  Frame read;
  const Limits generous{.control_line = 1 << 20, .json_line = 1 << 20};
  const ParseStep step = parse_frame(written, sender, generous, read);
  SQUALL_CHECK(step.status == ParseStatus::kComplete);
  SQUALL_CHECK(step.size == written.size());
  SQUALL_CHECK(read == frame);
}

// Strings that others take apart.
void look_inside(const Frame& frame) {
  const Msg* msg = std::get_if<Msg>(&frame);
  if (msg == nullptr) return;
  (void)parse_ack_subject(msg->reply);
  (void)parse_api_subject(msg->subject);
  (void)parse_pub_ack(msg->payload);
  (void)header_status(msg->headers);
  const auto block = parse_headers(msg->headers);
  if (!block) return;
  for (const Header& field : block->fields) SQUALL_CHECK(block->find(field.name).has_value());
}

Outcome parse(std::string_view stream, std::size_t piece, Sender sender, const Limits& limits) {
  Outcome outcome;
  FrameBuffer buffer(sender, limits, 8);
  Frame frame;
  while (!stream.empty() && !outcome.failed) {
    buffer.append(stream.substr(0, piece));
    stream.remove_prefix(std::min(piece, stream.size()));
    while (true) {
      const ParseStatus status = buffer.next(frame);
      if (status == ParseStatus::kIncomplete) break;
      if (status == ParseStatus::kMalformed) {
        outcome.failed = true;
        outcome.error = buffer.error();
        break;
      }
      check_round_trip(frame, sender);
      look_inside(frame);
      append_frame(outcome.frames.emplace_back(), frame);
      outcome.raw += buffer.last_bytes();
    }
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) return 0;
  const Sender sender = (bytes[0] & 1) != 0 ? Sender::kServer : Sender::kClient;
  const Limits limits =
      (bytes[0] & 2) != 0 ? Limits{.control_line = 32, .json_line = 64, .payload = 64} : Limits{};
  const std::size_t piece = 1 + bytes[1] % 64;
  const std::string_view stream(reinterpret_cast<const char*>(bytes) + 2, size - 2);
  const Outcome whole = parse(stream, stream.size(), sender, limits);
  SQUALL_CHECK(stream.starts_with(whole.raw));
  SQUALL_CHECK(parse(stream, piece, sender, limits) == whole);
  SQUALL_CHECK(parse(stream, 1, sender, limits) == whole);
  return 0;
}

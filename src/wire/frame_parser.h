// Bytes → frames, by the grammar that nats-server really accepts: verbs in any case, blanks or tabs between
// arguments, a bare LF after a control line, CRLF after a payload, no leading blanks and no empty lines.
// Payloads are never copied. It does not check subjects (servers do so only in pedantic mode) nor look into
// header blocks (headers.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "wire/frame.h"

namespace squall::wire {

// What a peer may send before it is called hostile. Sizes in bytes.
struct Limits {
  std::size_t control_line = 4096;         // the arguments after the verb, as nats-server counts
  std::size_t json_line = 256 * 1024;      // the same for INFO and CONNECT (connect_urls, JWTs)
  std::size_t payload = 64 * 1024 * 1024;  // headers included
};

enum class ParseErrorKind {
  kUnknownVerb,      // also a verb of the other direction, an empty line, a leading blank
  kLineTooLong,      //
  kBadArguments,     // wrong number of arguments
  kBadSize,          // a size that is no decimal number, or headers longer than the whole
  kPayloadTooLarge,  //
  kNoCrlf,           // the payload does not end where its size says
};

struct ParseError {
  ParseErrorKind kind;
  std::size_t offset;  // of the first wrong byte, counted from the start of the frame

  bool operator==(const ParseError&) const = default;
};

// "payload does not end in CRLF where its size says (at byte 21 of the frame: "PUB a 5\r\nhello world")".
std::string describe(const ParseError& error, std::string_view frame_bytes);

enum class ParseStatus {
  kComplete,    // `size` is the number of bytes of the frame
  kIncomplete,  // `size` is the least total number of bytes with which it can be complete
  kMalformed,   // `error` says what and where
};

struct ParseStep {
  ParseStatus status;
  std::size_t size = 0;
  ParseError error{};
};

// Looks at the frame at the front of `bytes`; fills `frame` only when it is complete, with views into
// `bytes`. A pure function of the bytes, so how they arrived changes nothing.
ParseStep parse_frame(std::string_view bytes, Sender sender, const Limits& limits, Frame& frame);

// The control line of a frame alone, for who passes a payload on before all of it has come. `frame` has no
// headers and no payload; they follow the line: `header_size`, then `payload_size` bytes, then CRLF when
// `has_body`. `status` and the like are of the line (its size: `step.size`).
struct HeadStep {
  ParseStep step;
  bool has_body = false;
  std::size_t header_size = 0;
  std::size_t payload_size = 0;

  std::size_t frame_size() const { return step.size + (has_body ? header_size + payload_size + 2 : 0); }
};
HeadStep parse_head(std::string_view bytes, Sender sender, const Limits& limits, Frame& frame);

// A buffer that bytes are read into and frames are taken out of.
//   read(fd, buffer.prepare()); buffer.commit(n); while (buffer.next(frame) == kComplete) use(frame);
// Lifetime: a frame's views live until the next prepare().
class FrameBuffer {
 public:
  explicit FrameBuffer(Sender sender, const Limits& limits = {}, std::size_t capacity = 64 * 1024);

  // Room for at least one byte; grows for a frame that is larger than the buffer.
  std::span<char> prepare();
  void commit(std::size_t size);
  // Copies bytes in (tests, and what was read before the buffer existed).
  void append(std::string_view bytes);

  // Takes the next frame out. After kMalformed the buffer stays where it is: the connection is lost.
  ParseStatus next(Frame& frame);
  // The bytes of the frame that next() gave last.
  std::string_view last_bytes() const { return last_; }
  // Of the last kMalformed.
  const ParseError& error() const { return error_; }
  // "…" as describe() says it; valid after kMalformed.
  std::string error_text() const { return describe(error_, unread()); }
  // What has come and is no frame yet.
  std::string_view unread() const { return {data_.get() + begin_, end_ - begin_}; }

 private:
  Sender sender_;
  Limits limits_;
  std::unique_ptr<char[]> data_;
  std::size_t capacity_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t wanted_ = 1;  // bytes from begin_ below which no frame can be complete
  std::string_view last_;
  ParseError error_{};
};

}  // namespace squall::wire

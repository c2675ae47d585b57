#include "wire/frame_parser.h"

#include <gtest/gtest.h>

#include "wire/frame_writer.h"

namespace squall::wire {
namespace {

// What came out of a byte stream: frames in the writer's canonical form, and how it ended.
struct Parsed {
  std::vector<std::string> frames;
  std::vector<std::string> raw;
  std::string error;  // empty: none
  std::string unread;

  bool operator==(const Parsed&) const = default;
};

// Feeds the stream in pieces of the given sizes, the last one taking the rest.
Parsed parse_in_pieces(std::string_view stream, Sender sender, const std::vector<std::size_t>& pieces,
                       const Limits& limits = {}) {
  Parsed parsed;
  FrameBuffer buffer(sender, limits, 16);  // small, so that it compacts and grows
  Frame frame;
  const auto take_all = [&] {
    while (parsed.error.empty()) {
      const ParseStatus status = buffer.next(frame);
      if (status == ParseStatus::kIncomplete) return;
      if (status == ParseStatus::kMalformed) {
        parsed.error = fmt::format("{}@{}", static_cast<int>(buffer.error().kind), buffer.error().offset);
        return;
      }
      append_frame(parsed.frames.emplace_back(), frame);
      parsed.raw.emplace_back(buffer.last_bytes());
    }
  };
  for (const std::size_t piece : pieces) {
    buffer.append(stream.substr(0, piece));
    stream.remove_prefix(std::min(piece, stream.size()));
    take_all();
  }
  buffer.append(stream);
  take_all();
  parsed.unread = buffer.unread();
  return parsed;
}

Parsed parse_whole(std::string_view stream, Sender sender, const Limits& limits = {}) {
  return parse_in_pieces(stream, sender, {}, limits);
}

Frame only_frame(std::string_view bytes, Sender sender) {
  Frame frame;
  const ParseStep step = parse_frame(bytes, sender, {}, frame);
  EXPECT_EQ(step.status, ParseStatus::kComplete) << bytes << ": " << describe(step.error, bytes);
  EXPECT_EQ(step.size, bytes.size()) << bytes;
  return frame;
}

ParseError error_of(std::string_view bytes, Sender sender, const Limits& limits = {}) {
  Frame frame;
  const ParseStep step = parse_frame(bytes, sender, limits, frame);
  EXPECT_EQ(step.status, ParseStatus::kMalformed) << bytes;
  return step.error;
}

TEST(WireParser, ReadsEachVerbOfTheClient) {
  const auto from_client = [](std::string_view bytes) { return only_frame(bytes, Sender::kClient); };
  EXPECT_EQ(from_client("CONNECT {\"verbose\":false}\r\n"), Frame(Connect{R"({"verbose":false})"}));
  EXPECT_EQ(from_client("PUB a.b 5\r\nhello\r\n"), Frame(Pub{"a.b", "", "", "hello"}));
  EXPECT_EQ(from_client("PUB a.b r.x 0\r\n\r\n"), Frame(Pub{"a.b", "r.x", "", ""}));
  EXPECT_EQ(from_client("HPUB a 12 17\r\nNATS/1.0\r\n\r\nhello\r\n"),
            Frame(Pub{"a", "", "NATS/1.0\r\n\r\n", "hello"}));
  EXPECT_EQ(from_client("HPUB a r 12 12\r\nNATS/1.0\r\n\r\n\r\n"),
            Frame(Pub{"a", "r", "NATS/1.0\r\n\r\n", ""}));
  EXPECT_EQ(from_client("SUB a.> 7\r\n"), Frame(Sub{"a.>", "", "7"}));
  EXPECT_EQ(from_client("SUB a.* workers 7\r\n"), Frame(Sub{"a.*", "workers", "7"}));
  EXPECT_EQ(from_client("UNSUB 7\r\n"), Frame(Unsub{"7", std::nullopt}));
  EXPECT_EQ(from_client("UNSUB 7 100\r\n"), Frame(Unsub{"7", 100}));
  EXPECT_EQ(from_client("PING\r\n"), Frame(Ping{}));
  EXPECT_EQ(from_client("PONG\r\n"), Frame(Pong{}));
}

TEST(WireParser, ReadsEachVerbOfTheServer) {
  const auto from_server = [](std::string_view bytes) { return only_frame(bytes, Sender::kServer); };
  EXPECT_EQ(from_server("INFO {\"port\":4222} \r\n"), Frame(Info{R"({"port":4222})"}));
  EXPECT_EQ(from_server("MSG a.b 9 5\r\nhello\r\n"), Frame(Msg{"a.b", "9", "", "", "hello"}));
  EXPECT_EQ(from_server("MSG a.b 9 r.x 5\r\nhello\r\n"), Frame(Msg{"a.b", "9", "r.x", "", "hello"}));
  EXPECT_EQ(from_server("HMSG a 9 16 16\r\nNATS/1.0 503\r\n\r\n\r\n"),
            Frame(Msg{"a", "9", "", "NATS/1.0 503\r\n\r\n", ""}));
  EXPECT_EQ(from_server("HMSG a 9 r 12 14\r\nNATS/1.0\r\n\r\nhi\r\n"),
            Frame(Msg{"a", "9", "r", "NATS/1.0\r\n\r\n", "hi"}));
  EXPECT_EQ(from_server("+OK\r\n"), Frame(Ok{}));
  EXPECT_EQ(from_server("-ERR 'Stale Connection'\r\n"), Frame(Err{"Stale Connection"}));
  EXPECT_EQ(from_server("PING\r\n"), Frame(Ping{}));
}

TEST(WireParser, AcceptsWhatNatsServerAccepts) {
  EXPECT_EQ(only_frame("pUb a 1\r\nx\r\n", Sender::kClient), Frame(Pub{"a", "", "", "x"}));
  EXPECT_EQ(only_frame("PUB\ta\t \t1\r\nx\r\n", Sender::kClient), Frame(Pub{"a", "", "", "x"}));
  EXPECT_EQ(only_frame("PUB   a  1  \nx\r\n", Sender::kClient), Frame(Pub{"a", "", "", "x"}));
  EXPECT_EQ(only_frame("ping\n", Sender::kClient), Frame(Ping{}));
  EXPECT_EQ(only_frame("PING pong\r\n", Sender::kClient), Frame(Ping{}));
  EXPECT_EQ(only_frame("connect{\"a\":1}\n", Sender::kClient), Frame(Connect{R"({"a":1})"}));
  EXPECT_EQ(only_frame("UNSUB 1 soon\r\n", Sender::kClient), Frame(Unsub{"1", std::nullopt}));
  EXPECT_EQ(only_frame("HPUB a 0 2\r\nhi\r\n", Sender::kClient), Frame(Pub{"a", "", "", "hi"}));
  EXPECT_EQ(only_frame("hmsg a 1 0 0\r\n\r\n", Sender::kServer), Frame(Msg{"a", "1", "", "", ""}));
}

TEST(WireParser, PayloadsMayHoldAnyBytes) {
  const std::string payload("\r\nPUB a 1\r\n\0\xff", 13);
  std::string bytes;
  append_frame(bytes, Pub{"a", "", "", payload});
  EXPECT_EQ(only_frame(bytes, Sender::kClient), Frame(Pub{"a", "", "", payload}));
}

TEST(WireParser, PayloadsAreViewsIntoTheCallersBytes) {
  const std::string bytes = "MSG a 1 5\r\nhello\r\n";
  const Frame frame = only_frame(bytes, Sender::kServer);
  EXPECT_EQ(std::get<Msg>(frame).payload.data(), bytes.data() + 11);
}

TEST(WireParser, NamesWhatIsWrongAndWhere) {
  const auto client_error = [](std::string_view bytes) { return error_of(bytes, Sender::kClient); };
  using Kind = ParseErrorKind;
  EXPECT_EQ(client_error("\r\n"), (ParseError{Kind::kUnknownVerb, 0}));
  EXPECT_EQ(client_error(" PING\r\n"), (ParseError{Kind::kUnknownVerb, 0}));
  EXPECT_EQ(client_error("GET / HTTP/1.1\r\n"), (ParseError{Kind::kUnknownVerb, 0}));
  EXPECT_EQ(client_error("PUP"), (ParseError{Kind::kUnknownVerb, 2}));
  EXPECT_EQ(client_error("PUB\r\n"), (ParseError{Kind::kUnknownVerb, 3}));
  EXPECT_EQ(client_error("SUBa 1\r\n"), (ParseError{Kind::kUnknownVerb, 3}));
  EXPECT_EQ(client_error("\rERR 'x'\r\n"), (ParseError{Kind::kUnknownVerb, 0}));
  EXPECT_EQ(client_error("MSG a 1 0\r\n"), (ParseError{Kind::kUnknownVerb, 0})) << "a server's verb";
  EXPECT_EQ(error_of("PUB a 0\r\n", Sender::kServer), (ParseError{Kind::kUnknownVerb, 1}));
  EXPECT_EQ(client_error("PUB 5\r\n"), (ParseError{Kind::kBadArguments, 3}));
  EXPECT_EQ(client_error("PUB a b c 5\r\n"), (ParseError{Kind::kBadArguments, 3}));
  EXPECT_EQ(client_error("SUB a\r\n"), (ParseError{Kind::kBadArguments, 3}));
  EXPECT_EQ(client_error("SUB a\rb 1\r\n"), (ParseError{Kind::kBadArguments, 3}));
  EXPECT_EQ(client_error("UNSUB \r\n"), (ParseError{Kind::kBadArguments, 5}));
  EXPECT_EQ(client_error("CONNECT \r\n"), (ParseError{Kind::kBadArguments, 7}));
  EXPECT_EQ(client_error("PUB a five\r\n"), (ParseError{Kind::kBadSize, 6}));
  EXPECT_EQ(client_error("PUB a -1\r\n"), (ParseError{Kind::kBadSize, 6}));
  EXPECT_EQ(client_error("PUB a 0000000001\r\nx\r\n"), (ParseError{Kind::kBadSize, 6})) << "ten digits";
  EXPECT_EQ(client_error("PUB a 18446744073709551617\r\n"), (ParseError{Kind::kBadSize, 6}));
  EXPECT_EQ(client_error("HPUB a 12 11\r\n"), (ParseError{Kind::kBadSize, 7}));
  EXPECT_EQ(client_error("PUB a 999999999\r\n"), (ParseError{Kind::kPayloadTooLarge, 6}));
  EXPECT_EQ(client_error("PUB a 5\r\nhello world\r\n"), (ParseError{Kind::kNoCrlf, 14}));
  EXPECT_EQ(client_error("PUB a 5\r\nhello\rx"), (ParseError{Kind::kNoCrlf, 15}));
}

TEST(WireParser, DescribesAnErrorForPeople) {
  const std::string_view bytes = "PUB a 5\r\nhello world\x01 and much more of it follows here";
  EXPECT_EQ(describe(error_of(bytes, Sender::kClient), bytes),
            "payload does not end in CRLF where its size says (at byte 14 of the frame: "
            "\"PUB a 5\\r\\nhello world\\x01 and much more of it follow…\")");
}

TEST(WireParser, TheControlLinesLimitIsExact) {
  for (const std::string_view ending : {"\r\n", "\n"}) {
    const std::string fits = "SUB " + std::string(4094, 'a') + " 1";
    EXPECT_EQ(only_frame(fits + std::string(ending), Sender::kClient),
              Frame(Sub{std::string(4094, 'a'), "", "1"}));
    const std::string over = "SUB " + std::string(4095, 'a') + " 1";
    EXPECT_EQ(error_of(over + std::string(ending), Sender::kClient),
              (ParseError{ParseErrorKind::kLineTooLong, 4 + 4096}));
  }
}

TEST(WireParser, ALineThatNeverEndsIsRefusedAtTheLimit) {
  Frame frame;
  const std::string endless = "PUB " + std::string(5000, 'a');
  std::size_t refused_at = 0;
  for (std::size_t size = 1; size <= endless.size() && refused_at == 0; ++size) {
    const ParseStep step = parse_frame(std::string_view(endless).substr(0, size), Sender::kClient, {}, frame);
    if (step.status == ParseStatus::kMalformed) refused_at = size;
  }
  EXPECT_EQ(refused_at, 4U + 4096U + 2U) << "the limit, and what could have been CR LF";
}

TEST(WireParser, InfoMayBeLongerThanAControlLine) {
  const std::string json = "{\"connect_urls\":[\"" + std::string(20'000, 'u') + "\"]}";
  EXPECT_EQ(only_frame("INFO " + json + "\r\n", Sender::kServer), Frame(Info{json}));
}

TEST(WireParser, SaysHowManyBytesItNeeds) {
  Frame frame;
  const std::string_view bytes = "PUB a 100\r\nab";
  const ParseStep step = parse_frame(bytes, Sender::kClient, {}, frame);
  EXPECT_EQ(step.status, ParseStatus::kIncomplete);
  EXPECT_EQ(step.size, 11U + 100U + 2U);
}

TEST(WireParser, TheHeadComesBeforeThePayload) {
  Frame frame;
  const HeadStep head = parse_head("HPUB a r 12 500\r\nNATS", Sender::kClient, {}, frame);
  EXPECT_EQ(head.step.status, ParseStatus::kComplete);
  EXPECT_TRUE(head.has_body);
  EXPECT_EQ(head.step.size, 17U);
  EXPECT_EQ(head.header_size, 12U);
  EXPECT_EQ(head.payload_size, 488U);
  EXPECT_EQ(head.frame_size(), 17U + 500U + 2U);
  EXPECT_EQ(std::get<Pub>(frame).reply, "r");
}

// Everything a client may say, and then nonsense.
constexpr std::string_view kClientStream =
    "CONNECT {\"name\":\"x\"}\r\nPING\r\nSUB a.> q 1\r\nsub b 2\nPUB a 5\r\nhello\r\nPUB a r 0\r\n\r\n"
    "HPUB a 12 17\r\nNATS/1.0\r\n\r\nhello\r\nUNSUB 1 5\r\nUNSUB 2\r\nPONG\r\nPUB\ta 2\n\r\n\r\nPUX\r\n";
constexpr std::string_view kServerStream =
    "INFO {\"port\":1} \r\nPONG\r\n+OK\r\nMSG a 1 5\r\nhello\r\nHMSG a 1 r 16 16\r\nNATS/1.0 503\r\n\r\n\r\n"
    "-ERR 'Permissions Violation for Publish to \"x\"'\r\nPING\r\nMSG a 1 3\r\nabcd\r\n";

TEST(WireParser, EverySplitInTwoGivesTheSameFrames) {
  for (const auto& [stream, sender] :
       {std::pair(kClientStream, Sender::kClient), std::pair(kServerStream, Sender::kServer)}) {
    const Parsed whole = parse_whole(stream, sender);
    EXPECT_GE(whole.frames.size(), 7U);
    EXPECT_FALSE(whole.error.empty());
    for (std::size_t at = 0; at <= stream.size(); ++at) {
      ASSERT_EQ(parse_in_pieces(stream, sender, {at}), whole) << "split at " << at;
    }
  }
}

TEST(WireParser, EveryPieceSizeGivesTheSameFrames) {
  for (const auto& [stream, sender] :
       {std::pair(kClientStream, Sender::kClient), std::pair(kServerStream, Sender::kServer)}) {
    const Parsed whole = parse_whole(stream, sender);
    for (std::size_t size = 1; size < 40; ++size) {
      const std::vector<std::size_t> pieces(stream.size() / size + 1, size);
      ASSERT_EQ(parse_in_pieces(stream, sender, pieces), whole) << "pieces of " << size;
    }
  }
}

TEST(WireParser, TheBytesOfTheFramesAreTheStream) {
  const Parsed whole = parse_whole(kServerStream, Sender::kServer);
  std::string together;
  for (const std::string& raw : whole.raw) together += raw;
  EXPECT_EQ(together + whole.unread, kServerStream);
}

TEST(WireParser, AVerdictOnALongLineDoesNotDependOnTheSplit) {
  const Limits small{.control_line = 10, .json_line = 20, .payload = 100};
  for (std::size_t length = 5; length < 16; ++length) {
    for (const std::string_view ending : {"\r\n", "\n"}) {
      const std::string stream = "SUB " + std::string(length, 's') + " 1" + std::string(ending) + "PING\r\n";
      const Parsed whole = parse_whole(stream, Sender::kClient, small);
      for (std::size_t at = 0; at <= stream.size(); ++at) {
        // What is left unread differs when the error came early; the frames and the error do not.
        const Parsed split = parse_in_pieces(stream, Sender::kClient, {at}, small);
        ASSERT_EQ(split.frames, whole.frames) << length << " split at " << at;
        ASSERT_EQ(split.error, whole.error) << length << " split at " << at;
      }
    }
  }
}

TEST(FrameBuffer, KeepsAPartialFrameUntilItsCrlfArrives) {
  FrameBuffer buffer(Sender::kServer);
  Frame frame;
  buffer.append("MSG a 1 5\r\nhello");
  EXPECT_EQ(buffer.next(frame), ParseStatus::kIncomplete);
  buffer.append("\r");
  EXPECT_EQ(buffer.next(frame), ParseStatus::kIncomplete);
  buffer.append("\n");
  ASSERT_EQ(buffer.next(frame), ParseStatus::kComplete);
  EXPECT_EQ(std::get<Msg>(frame).payload, "hello");
  EXPECT_EQ(buffer.unread(), "");
}

TEST(FrameBuffer, GrowsForAFrameLargerThanItself) {
  FrameBuffer buffer(Sender::kServer, {}, 64);
  const std::string payload(100'000, 'p');
  std::string bytes;
  append_frame(bytes, Msg{"a", "1", "", "", payload});
  append_frame(bytes, Pong{});
  buffer.append(bytes);
  Frame frame;
  ASSERT_EQ(buffer.next(frame), ParseStatus::kComplete);
  EXPECT_EQ(std::get<Msg>(frame).payload, payload);
  ASSERT_EQ(buffer.next(frame), ParseStatus::kComplete);
  EXPECT_EQ(frame, Frame(Pong{}));
}

TEST(FrameBuffer, ADeclaredSizeAloneAllocatesNothing) {
  FrameBuffer buffer(Sender::kClient, {}, 4096);
  buffer.append("PUB a 60000000\r\n");
  Frame frame;
  EXPECT_EQ(buffer.next(frame), ParseStatus::kIncomplete);
  EXPECT_LE(buffer.prepare().size(), 4096U);
}

TEST(FrameBuffer, StaysAtAMalformedFrame) {
  FrameBuffer buffer(Sender::kServer);
  buffer.append("+OK\r\nHTTP/1.1 400 Bad Request\r\n");
  Frame frame;
  EXPECT_EQ(buffer.next(frame), ParseStatus::kComplete);
  EXPECT_EQ(buffer.next(frame), ParseStatus::kMalformed);
  EXPECT_EQ(buffer.next(frame), ParseStatus::kMalformed);
  EXPECT_EQ(buffer.error_text(),
            "unknown protocol operation (at byte 1 of the frame: \"HTTP/1.1 400 Bad Request\\r\\n\")");
}

}  // namespace
}  // namespace squall::wire

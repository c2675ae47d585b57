#include "wire/frame_writer.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace squall::wire {
namespace {

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

void append_all(std::string& out, std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) out += part;
}

void append_body(std::string& out, std::string_view headers, std::string_view payload) {
  if (!headers.empty()) {
    append_number(out, headers.size());
    out += ' ';
  }
  append_number(out, headers.size() + payload.size());
  append_all(out, {"\r\n", headers, payload, "\r\n"});
}

struct Append {
  std::string& out;

  void operator()(const Info& info) const { append_all(out, {"INFO ", info.json, "\r\n"}); }
  void operator()(const Connect& connect) const { append_all(out, {"CONNECT ", connect.json, "\r\n"}); }
  void operator()(const Pub& pub) const {
    append_all(out, {pub.headers.empty() ? "PUB " : "HPUB ", pub.subject, " "});
    if (!pub.reply.empty()) append_all(out, {pub.reply, " "});
    append_body(out, pub.headers, pub.payload);
  }
  void operator()(const Sub& sub) const {
    append_all(out, {"SUB ", sub.subject, " "});
    if (!sub.queue.empty()) append_all(out, {sub.queue, " "});
    append_all(out, {sub.sid, "\r\n"});
  }
  void operator()(const Unsub& unsub) const {
    append_all(out, {"UNSUB ", unsub.sid});
    if (unsub.max_messages) {
      out += ' ';
      append_number(out, *unsub.max_messages);
    }
    out += "\r\n";
  }
  void operator()(const Msg& msg) const {
    append_all(out, {msg.headers.empty() ? "MSG " : "HMSG ", msg.subject, " ", msg.sid, " "});
    if (!msg.reply.empty()) append_all(out, {msg.reply, " "});
    append_body(out, msg.headers, msg.payload);
  }
  void operator()(const Ping&) const { out += "PING\r\n"; }
  void operator()(const Pong&) const { out += "PONG\r\n"; }
  void operator()(const Ok&) const { out += "+OK\r\n"; }
  void operator()(const Err& err) const { append_all(out, {"-ERR '", err.text, "'\r\n"}); }
};

}  // namespace

void append_frame(std::string& out, const Frame& frame) { std::visit(Append{out}, frame); }

void append_publish(std::string& out, std::string_view subject, std::string_view reply,
                    std::span<const Header> headers, std::string_view payload) {
  const std::size_t header_size = headers.empty() ? 0 : headers_size(headers);
  // In one piece: a load sends millions of these a second.
  constexpr std::size_t kMostDigits = 20;
  const std::size_t had = out.size();
  const std::size_t most = 12 + subject.size() + reply.size() + 2 * kMostDigits + payload.size();
  out.resize_and_overwrite(had + most, [&](char* begin, std::size_t) {
    char* to = begin + had;
    const auto put = [&to](std::string_view text) { to = std::ranges::copy(text, to).out; };
    const auto put_number = [&to](std::uint64_t n) { to = std::to_chars(to, to + kMostDigits, n).ptr; };
    put(headers.empty() ? "PUB " : "HPUB ");
    put(subject);
    put(" ");
    if (!reply.empty()) {
      put(reply);
      put(" ");
    }
    if (!headers.empty()) {
      put_number(header_size);
      put(" ");
    }
    put_number(header_size + payload.size());
    put("\r\n");
    if (headers.empty()) {
      put(payload);
      put("\r\n");
    }
    return static_cast<std::size_t>(to - begin);
  });
  if (headers.empty()) return;
  append_headers(out, headers);
  append_all(out, {payload, "\r\n"});
}

}  // namespace squall::wire

// TLS on one end of a proxied connection, over its non-blocking socket, begun as NATS begins it: from the
// first byte, or behind the server's INFO line, which passes in plain.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "proxy/socket.h"
#include "proxy/tls_context.h"

namespace squall::proxy {

// Thread: the reactor's.
class TlsEnd {
 public:
  // `gets_info`: the peer is a client, and what is sent to it first is the plain line; else it sends that.
  TlsEnd(const TlsContext& context, int fd, LinkTls::Upgrade upgrade, bool gets_info);

  IoResult receive(std::span<char> room);
  IoResult send(std::string_view bytes);

  // While it is so, only advance() makes progress.
  bool shakes_hands() const { return state_ == State::kShaking; }
  // Goes on with the handshake. False when it has failed; error() says why.
  bool advance();
  const std::string& error() const { return error_; }

  // What the socket has to be watched for, when its owner wants that.
  std::uint32_t watched(std::uint32_t wanted) const;
  // Bytes that the socket no longer has, and nobody has received.
  bool has_unread() const { return state_ == State::kOpen && (SSL_pending(ssl_.get()) > 0 || has_ended_); }
  // Says that nothing more will be sent.
  void end_writing();

 private:
  enum class State {
    kInfo,     // the plain line
    kShaking,  //
    kOpen,     //
    kFailed,   //
  };
  IoResult outcome(int result);
  IoResult receive_info(std::span<char> room);
  IoResult send_info(std::string_view bytes);
  void shake();

  Ssl ssl_;
  int fd_;
  State state_;
  bool gets_info_;          // else it sends INFO to us
  std::uint32_t wants_;     // of the handshake
  bool has_ended_ = false;  // seen behind bytes, and not told yet
  std::string error_;
};

}  // namespace squall::proxy

#include "proxy/tls_end.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>

#include "base/invariant.h"

namespace squall::proxy {
namespace {

// OpenSSL's own socket BIO writes without MSG_NOSIGNAL: a peer that is gone would end the process.
int fd_of(BIO* bio) { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }

int finish(BIO* bio, IoResult result, int flag) {
  BIO_clear_retry_flags(bio);
  if (result.status == IoStatus::kDone) return static_cast<int>(result.size);
  if (result.status == IoStatus::kAgain) BIO_set_flags(bio, flag | BIO_FLAGS_SHOULD_RETRY);
  return result.status == IoStatus::kEnd ? 0 : -1;
}
int read_bio(BIO* bio, char* room, int size) {
  const IoResult result = receive(fd_of(bio), {room, static_cast<std::size_t>(size)});
  if (result.status == IoStatus::kEnd) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return finish(bio, result, BIO_FLAGS_READ);
}
int write_bio(BIO* bio, const char* bytes, int size) {
  return finish(bio, send(fd_of(bio), {bytes, static_cast<std::size_t>(size)}), BIO_FLAGS_WRITE);
}
long control_bio(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return 0;
}

BIO* make_bio(int fd) {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "quiet socket");
    BIO_meth_set_read(made, read_bio);
    BIO_meth_set_write(made, write_bio);
    BIO_meth_set_ctrl(made, control_bio);
    return made;
  }();
  BIO* const bio = BIO_new(method);
  SQUALL_CHECK(bio != nullptr);
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(fd)));
  BIO_set_init(bio, 1);
  return bio;
}

constexpr std::size_t kLargestRecord = 16 * 1024;

}  // namespace

TlsEnd::TlsEnd(const TlsContext& context, int fd, LinkTls::Upgrade upgrade, bool gets_info)
    : ssl_(context.make()),
      fd_(fd),
      state_(upgrade == LinkTls::Upgrade::kFirst ? State::kShaking : State::kInfo),
      gets_info_(gets_info),
      wants_(gets_info ? EPOLLIN : EPOLLOUT) {
  BIO* const bio = make_bio(fd);
  SSL_set_bio(ssl_.get(), bio, bio);
}

std::uint32_t TlsEnd::watched(std::uint32_t wanted) const {
  if (state_ == State::kShaking) return wants_;
  if (state_ == State::kInfo) return wanted & (gets_info_ ? EPOLLOUT : EPOLLIN);
  return wanted;
}

void TlsEnd::shake() {
  state_ = State::kShaking;
  wants_ = gets_info_ ? EPOLLIN : EPOLLOUT;
}

bool TlsEnd::advance() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    state_ = State::kOpen;
    return true;
  }
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      wants_ = EPOLLIN;
      return true;
    case SSL_ERROR_WANT_WRITE:
      wants_ = EPOLLOUT;
      return true;
    default:
      state_ = State::kFailed;
      error_ = last_tls_error();
      if (const long verified = SSL_get_verify_result(ssl_.get()); verified != X509_V_OK) {
        error_ += fmt::format(": {}", X509_verify_cert_error_string(verified));
      }
      return false;
  }
}

IoResult TlsEnd::outcome(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return {IoStatus::kAgain, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {IoStatus::kEnd, 0};
    default:
      state_ = State::kFailed;
      return {IoStatus::kLost, 0};
  }
}

IoResult TlsEnd::receive(std::span<char> room) {
  if (state_ == State::kInfo && !gets_info_) return receive_info(room);
  if (state_ == State::kFailed) return {IoStatus::kLost, 0};
  if (state_ != State::kOpen) return {IoStatus::kAgain, 0};
  // Whole records, as many as there is room for: what stays behind would not be heard of again.
  std::size_t size = 0;
  do {
    ERR_clear_error();
    std::size_t got = 0;
    const int result = SSL_read_ex(ssl_.get(), room.data() + size, room.size() - size, &got);
    if (result != 1) {
      const IoResult stopped = outcome(result);
      if (size == 0) return stopped;
      has_ended_ = stopped.status != IoStatus::kAgain;
      break;
    }
    size += got;
  } while (room.size() - size >= kLargestRecord);
  return {IoStatus::kDone, size};
}

IoResult TlsEnd::send(std::string_view bytes) {
  if (state_ == State::kInfo && gets_info_) return send_info(bytes);
  if (state_ == State::kFailed) return {IoStatus::kLost, 0};
  if (state_ != State::kOpen) return {IoStatus::kAgain, 0};
  std::size_t size = 0;
  while (size < bytes.size()) {
    ERR_clear_error();
    std::size_t sent = 0;
    const int result = SSL_write_ex(ssl_.get(), bytes.data() + size, bytes.size() - size, &sent);
    if (result != 1) {
      const IoResult stopped = outcome(result);
      if (stopped.status != IoStatus::kAgain) return {IoStatus::kLost, 0};
      break;
    }
    size += sent;
  }
  return {size > 0 ? IoStatus::kDone : IoStatus::kAgain, size};
}

// Not a byte more than the line: what follows is TLS's.
IoResult TlsEnd::receive_info(std::span<char> room) {
  const ssize_t seen = ::recv(fd_, room.data(), room.size(), MSG_PEEK);
  if (seen <= 0) return proxy::receive(fd_, room);
  const auto bytes = room.first(static_cast<std::size_t>(seen));
  const auto end = std::ranges::find(bytes, '\n');
  const bool is_whole = end != bytes.end();
  const auto line = room.first(static_cast<std::size_t>(end - bytes.begin()) + (is_whole ? 1 : 0));
  const IoResult result = proxy::receive(fd_, line);
  if (is_whole && result.size == line.size()) shake();
  return result;
}

IoResult TlsEnd::send_info(std::string_view bytes) {
  const std::size_t end = bytes.find('\n');
  const std::string_view line = bytes.substr(0, end == bytes.npos ? bytes.size() : end + 1);
  const IoResult result = proxy::send(fd_, line);
  if (end != bytes.npos && result.size == line.size()) shake();
  return result;
}

void TlsEnd::end_writing() {
  if (state_ != State::kOpen) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
}

}  // namespace squall::proxy

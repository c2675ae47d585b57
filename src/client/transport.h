// The bytes of a connection: a socket, and TLS over it once that has begun. Private to client/.
#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <utility>

#include "client/tls_layer.h"

namespace squall::client {

// Thread: the io_context's.
class Transport {
 public:
  explicit Transport(boost::asio::io_context& io) : socket_(io) {}

  boost::asio::ip::tcp::socket& socket() { return socket_; }
  bool encrypted() const { return tls_ != nullptr; }
  // From here on everything goes through it.
  void encrypt(std::unique_ptr<TlsLayer> tls) { tls_ = std::move(tls); }

  // What is under way ends with an error.
  void close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

  template <typename Token>
  auto read_some(boost::asio::mutable_buffer into, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this](auto handler, boost::asio::mutable_buffer buffer) {
          if (!tls_) return socket_.async_read_some(buffer, std::move(handler));
          const auto slot = boost::asio::get_associated_cancellation_slot(handler);
          tls_->read_some(buffer, slot, std::move(handler));
        },
        token, into);
  }

  // All of the bytes.
  template <typename Token>
  auto write(boost::asio::const_buffer bytes, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this](auto handler, boost::asio::const_buffer buffer) {
          if (!tls_) return boost::asio::async_write(socket_, buffer, std::move(handler));
          const auto slot = boost::asio::get_associated_cancellation_slot(handler);
          tls_->write(buffer, slot, std::move(handler));
        },
        token, bytes);
  }

 private:
  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<TlsLayer> tls_;
};

}  // namespace squall::client

// TLS over a connected socket. The only user of Asio's SSL headers is tls_layer.cpp. Private to client/.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "client/tls_options.h"

namespace squall::client {

// Thread: the socket's. Lifetime: the socket outlives it; it outlives its operations (their completions keep
// its owner). Closing the socket ends them.
class TlsLayer {
 public:
  using Completion = std::move_only_function<void(const boost::system::error_code&, std::size_t)>;

  // Reads the files. Errors: a file that cannot be read or is no PEM, a key that is not the certificate's.
  static base::Result<std::unique_ptr<TlsLayer>> make(boost::asio::ip::tcp::socket& socket,
                                                      const TlsOptions& options, const std::string& host);
  ~TlsLayer();

  // Errors: what the peer or we found wrong ("self-signed certificate", "alert certificate required").
  boost::asio::awaitable<base::Result<void>> handshake();

  // As a socket's; an end without TLS's goodbye is asio::error::eof.
  void read_some(boost::asio::mutable_buffer into, boost::asio::cancellation_slot slot,
                 Completion completion);
  void write(boost::asio::const_buffer bytes, boost::asio::cancellation_slot slot, Completion completion);

 private:
  struct Stream;
  explicit TlsLayer(std::unique_ptr<Stream> stream);
  std::unique_ptr<Stream> stream_;
};

}  // namespace squall::client

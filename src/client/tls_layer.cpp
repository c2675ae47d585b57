#include "client/tls_layer.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace squall::client {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
using asio::ip::tcp;

struct TlsLayer::Stream {
  Stream(tcp::socket& its_socket, ssl::context its_context)
      : context(std::move(its_context)), stream(its_socket, context) {}

  ssl::context context;
  ssl::stream<tcp::socket&> stream;
};

namespace {

base::Error file_error(std::string_view what, const std::filesystem::path& path,
                       const boost::system::error_code& error) {
  return base::Error(fmt::format("TLS: cannot use the {} {}: {}", what, path.string(), error.message()));
}

base::Result<ssl::context> make_context(const TlsOptions& options) {
  ssl::context context(ssl::context::tls_client);
  context.set_options(ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
  context.set_verify_mode(ssl::verify_peer);
  boost::system::error_code error;
  if (options.ca_file.empty()) {
    context.set_default_verify_paths(error);
    if (error) return base::fail("TLS: no authorities on this system: {}", error.message());
  } else {
    context.load_verify_file(options.ca_file.string(), error);
    if (error) return std::unexpected(file_error("CA file", options.ca_file, error));
  }
  if (options.certificate_file.empty() != options.key_file.empty()) {
    return base::fail("TLS: a client certificate takes a certificate file and a key file; there is only {}",
                      (options.key_file.empty() ? options.certificate_file : options.key_file).string());
  }
  if (options.certificate_file.empty()) return context;
  context.use_certificate_chain_file(options.certificate_file.string(), error);
  if (error) return std::unexpected(file_error("certificate file", options.certificate_file, error));
  context.use_private_key_file(options.key_file.string(), ssl::context::pem, error);
  if (error) return std::unexpected(file_error("key file", options.key_file, error));
  return context;
}

// Which name the peer's certificate must be for, and which it is asked for (SNI; never an address).
void expect_name(SSL* session, const std::string& name) {
  boost::system::error_code no_address;
  asio::ip::make_address(name, no_address);
  if (!no_address) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), name.c_str());
    return;
  }
  SSL_set1_host(session, name.c_str());
  // What SSL_set_tlsext_host_name() does with a cast in the old style.
  SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(name.c_str()));
}

boost::system::error_code as_socket_error(const boost::system::error_code& error) {
  return error == ssl::error::stream_truncated ? asio::error::eof : error;
}

}  // namespace

TlsLayer::TlsLayer(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}

TlsLayer::~TlsLayer() = default;

base::Result<std::unique_ptr<TlsLayer>> TlsLayer::make(tcp::socket& socket, const TlsOptions& options,
                                                       const std::string& host) {
  auto context = make_context(options);
  if (!context) return std::unexpected(context.error());
  auto stream = std::make_unique<Stream>(socket, std::move(*context));
  const std::string& name = options.server_name.empty() ? host : options.server_name;
  expect_name(stream->stream.native_handle(), name);
  return std::unique_ptr<TlsLayer>(new TlsLayer(std::move(stream)));
}

asio::awaitable<base::Result<void>> TlsLayer::handshake() {
  const auto [error] =
      co_await stream_->stream.async_handshake(ssl::stream_base::client, asio::as_tuple(asio::use_awaitable));
  if (!error) co_return base::Result<void>{};
  const long verdict = SSL_get_verify_result(stream_->stream.native_handle());
  if (verdict != X509_V_OK) {
    co_return base::fail("the server's certificate is not trusted: {}",
                         X509_verify_cert_error_string(verdict));
  }
  const auto socket_error = as_socket_error(error);
  if (socket_error == asio::error::eof) {
    co_return base::fail("the server closed the connection during the TLS handshake");
  }
  co_return base::fail("the TLS handshake failed: {}", error.message());
}

void TlsLayer::read_some(asio::mutable_buffer into, asio::cancellation_slot slot, Completion completion) {
  stream_->stream.async_read_some(
      into, asio::bind_cancellation_slot(
                slot, [completion = std::move(completion)](const boost::system::error_code& error,
                                                           std::size_t size) mutable {
                  completion(as_socket_error(error), size);
                }));
}

void TlsLayer::write(asio::const_buffer bytes, asio::cancellation_slot slot, Completion completion) {
  asio::async_write(stream_->stream, bytes, asio::bind_cancellation_slot(slot, std::move(completion)));
}

}  // namespace squall::client

#include "proxy/tls_context.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/invariant.h"

namespace squall::proxy {
namespace {

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

constexpr long kDay = 24 * 3600;
constexpr long kYears = 365 * kDay;

bool is_ip_address(const std::string& host) {
  in6_addr any{};
  return ::inet_pton(AF_INET, host.c_str(), &any) == 1 || ::inet_pton(AF_INET6, host.c_str(), &any) == 1;
}

Context new_context(const SSL_METHOD* method) {
  Context context(SSL_CTX_new(method), &SSL_CTX_free);
  SQUALL_CHECK(context != nullptr);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  // A peer that just closes has ended its stream: what it means is for those at the ends to say.
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  return context;
}

base::Result<void> use_files(SSL_CTX* context, const std::string& certificate, const std::string& key) {
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
    return base::fail("tls: certificate {}: {}", certificate, last_tls_error());
  }
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return base::fail("tls: key {}: {}", key, last_tls_error());
  }
  return {};
}

// For whoever does not care who is at the other end: tests and experiments.
void use_own_certificate(SSL_CTX* context) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
  SQUALL_CHECK(key && certificate);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kYears);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("squall link"),
                             -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_EXTENSION* const hosts =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1");
  SQUALL_CHECK(hosts != nullptr && X509_add_ext(certificate.get(), hosts, -1) == 1);
  X509_EXTENSION_free(hosts);
  SQUALL_CHECK(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
  SQUALL_CHECK(SSL_CTX_use_certificate(context, certificate.get()) == 1);
  SQUALL_CHECK(SSL_CTX_use_PrivateKey(context, key.get()) == 1);
}

base::Result<void> check_pair(const std::string& certificate, const std::string& key, std::string_view what) {
  if (certificate.empty() == key.empty()) return {};
  return base::fail("tls: {} needs both, a certificate file and a key file", what);
}

}  // namespace

std::string last_tls_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (ERR_SYSTEM_ERROR(code))
    return std::string(ERR_reason_error_string(code) ? ERR_reason_error_string(code) : "cannot be read");
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "the connection ended" : reason;
}

base::Result<std::shared_ptr<const TlsContext>> TlsContext::towards_clients(const LinkTls& tls) {
  if (auto pair = check_pair(tls.certificate_file, tls.key_file, "the link's certificate"); !pair) {
    return std::unexpected(pair.error());
  }
  Context context = new_context(TLS_server_method());
  if (tls.certificate_file.empty()) {
    use_own_certificate(context.get());
  } else if (auto used = use_files(context.get(), tls.certificate_file, tls.key_file); !used) {
    return std::unexpected(used.error());
  }
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(context), true, "", false));
}

base::Result<std::shared_ptr<const TlsContext>> TlsContext::towards_server(const LinkTls& tls,
                                                                           const std::string& host) {
  const std::string what = "the certificate for the server";
  if (auto pair = check_pair(tls.client_certificate_file, tls.client_key_file, what); !pair) {
    return std::unexpected(pair.error());
  }
  Context context = new_context(TLS_client_method());
  if (!tls.client_certificate_file.empty()) {
    auto used = use_files(context.get(), tls.client_certificate_file, tls.client_key_file);
    if (!used) return std::unexpected(used.error());
  }
  const bool verifies = !tls.server_ca_file.empty();
  if (verifies) {
    ERR_clear_error();
    if (SSL_CTX_load_verify_locations(context.get(), tls.server_ca_file.c_str(), nullptr) != 1) {
      return base::fail("tls: authority {}: {}", tls.server_ca_file, last_tls_error());
    }
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  }
  std::string name = tls.server_name.empty() ? host : tls.server_name;
  return std::shared_ptr<const TlsContext>(
      new TlsContext(std::move(context), false, std::move(name), verifies));
}

Ssl TlsContext::make() const {
  Ssl ssl(SSL_new(context_.get()), &SSL_free);
  SQUALL_CHECK(ssl != nullptr);
  if (is_server_) {
    SSL_set_accept_state(ssl.get());
    return ssl;
  }
  SSL_set_connect_state(ssl.get());
  const bool is_ip = is_ip_address(server_name_);
  if (!is_ip) {
    SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(server_name_.c_str()));
  }
  if (!verifies_) return ssl;
  if (is_ip) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), server_name_.c_str());
  } else {
    SSL_set1_host(ssl.get(), server_name_.c_str());
  }
  return ssl;
}

}  // namespace squall::proxy

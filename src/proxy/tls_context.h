// What a link's TLS is made of, for one side of it: the certificates and whom to trust. OpenSSL's context.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "proxy/link_settings.h"

namespace squall::proxy {

using Ssl = std::unique_ptr<SSL, decltype(&SSL_free)>;

class TlsContext {
 public:
  // Towards clients: the link is the server. Without a certificate file it makes one, self-signed, for
  // localhost, 127.0.0.1 and ::1. Errors: a file that cannot be read or is no PEM, a key of another one.
  static base::Result<std::shared_ptr<const TlsContext>> towards_clients(const LinkTls& tls);
  // Towards the upstream, whose name is `host` unless the settings have another. Errors: as above.
  static base::Result<std::shared_ptr<const TlsContext>> towards_server(const LinkTls& tls,
                                                                        const std::string& host);

  // For one connection, in the right role.
  Ssl make() const;

 private:
  using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
  TlsContext(Context context, bool is_server, std::string server_name, bool verifies)
      : context_(std::move(context)),
        is_server_(is_server),
        server_name_(std::move(server_name)),
        verifies_(verifies) {}

  Context context_;
  bool is_server_;
  std::string server_name_;
  bool verifies_;
};

// What OpenSSL has to say of the last failure on this thread: "certificate verify failed".
std::string last_tls_error();

}  // namespace squall::proxy

// How a connection is encrypted, and whom it trusts.
#pragma once

#include <filesystem>
#include <string>

namespace squall::client {

struct TlsOptions {
  // Without it TLS is still used where the server requires it.
  bool required = false;
  // Before INFO, as servers with `handshake_first` want it (nats-server 2.10 and newer). Implies `required`.
  bool first = false;
  std::filesystem::path ca_file;           // PEM; empty: the system's authorities
  std::filesystem::path certificate_file;  // PEM, with its chain; both or none of these two
  std::filesystem::path key_file;          // PEM
  std::string server_name;                 // in the server's certificate; empty: the host that is dialled

  bool wanted() const { return required || first; }
};

}  // namespace squall::client

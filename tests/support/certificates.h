// Certificates for TLS tests, made on the spot: an authority and what it signs, as PEM files in a folder.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace squall::testing {

// Thread: one. Failures end the test program (SQUALL_CHECK).
class Authority {
 public:
  // Writes <folder>/<name>.pem, its own certificate.
  Authority(std::filesystem::path folder, std::string name);
  ~Authority();

  std::filesystem::path file() const { return folder_ / (name_ + ".pem"); }

  struct Files {
    std::filesystem::path certificate;
    std::filesystem::path key;
  };
  // `alternative_name` as OpenSSL writes it: "IP:127.0.0.1", "DNS:nats.example".
  Files issue(const std::string& name, const std::string& alternative_name) const;

 private:
  struct Pair;
  std::filesystem::path folder_;
  std::string name_;
  std::unique_ptr<Pair> pair_;
};

}  // namespace squall::testing

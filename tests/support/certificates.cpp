#include "support/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/invariant.h"

namespace squall::testing {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

struct Authority::Pair {
  Key key;
  Certificate certificate;
};

namespace {

using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

File open_for_writing(const std::filesystem::path& path) {
  File file(std::fopen(path.c_str(), "w"), &std::fclose);
  SQUALL_CHECK(file != nullptr);
  return file;
}

void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  SQUALL_CHECK(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

Certificate make_certificate(const std::string& name, EVP_PKEY* key) {
  static long serial = 1;
  Certificate certificate(X509_new(), &X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 24 * 3600);
  X509_set_pubkey(certificate.get(), key);
  const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC, text, -1, -1, 0);
  return certificate;
}

void sign(X509* certificate, X509* issuer, EVP_PKEY* key) {
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  SQUALL_CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
}

Key new_key() { return {EVP_EC_gen("P-256"), &EVP_PKEY_free}; }

}  // namespace

Authority::Authority(std::filesystem::path folder, std::string name)
    : folder_(std::move(folder)), name_(std::move(name)) {
  Key key = new_key();
  Certificate certificate = make_certificate(name_, key.get());
  extend(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  sign(certificate.get(), certificate.get(), key.get());
  PEM_write_X509(open_for_writing(file()).get(), certificate.get());
  pair_ = std::make_unique<Pair>(std::move(key), std::move(certificate));
}

Authority::~Authority() = default;

Authority::Files Authority::issue(const std::string& name, const std::string& alternative_name) const {
  const Key key = new_key();
  const Certificate certificate = make_certificate(name, key.get());
  extend(certificate.get(), pair_->certificate.get(), NID_subject_alt_name, alternative_name);
  sign(certificate.get(), pair_->certificate.get(), pair_->key.get());
  const Files files{folder_ / (name + ".pem"), folder_ / (name + ".key")};
  PEM_write_X509(open_for_writing(files.certificate).get(), certificate.get());
  PEM_write_PrivateKey(open_for_writing(files.key).get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return files;
}

}  // namespace squall::testing

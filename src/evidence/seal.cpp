#include "evidence/seal.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <system_error>

namespace squall::evidence {
namespace {

namespace fs = std::filesystem;

base::Result<std::vector<std::string>> sealed_files(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (!it->is_regular_file() || it->is_symlink()) continue;
    const std::string name = fs::relative(it->path(), folder).generic_string();
    if (name != kSealName && name != std::string(kSealName) + ".new") names.push_back(name);
  }
  if (error) return base::fail("cannot list {}: {}", folder.string(), error.message());
  std::sort(names.begin(), names.end());
  return names;
}

// As coreutils does: a backslash in front of the line says that the name is escaped.
std::string sum_line(const std::string& sum, const std::string& name) {
  std::string escaped;
  for (const char c : name) {
    if (c == '\\') {
      escaped += "\\\\";
    } else if (c == '\n') {
      escaped += "\\n";
    } else {
      escaped += c;
    }
  }
  return fmt::format("{}{}  {}\n", escaped == name ? "" : "\\", sum, escaped);
}

// Sum by name; nothing if a line is none of sum_line()'s.
base::Result<std::map<std::string, std::string>> parse_sums(std::istream& lines) {
  std::map<std::string, std::string> sums;
  std::string line;
  while (std::getline(lines, line)) {
    const bool escaped = line.starts_with('\\');
    if (escaped) line.erase(0, 1);
    if (line.size() < 67 || line.compare(64, 2, "  ") != 0)
      return base::fail("{} is damaged: \"{}\"", kSealName, line);
    std::string name = line.substr(66);
    if (escaped) {
      std::string plain;
      for (std::size_t i = 0; i < name.size(); ++i) {
        if (name[i] != '\\' || i + 1 == name.size()) {
          plain += name[i];
        } else {
          plain += name[++i] == 'n' ? '\n' : name[i];
        }
      }
      name = plain;
    }
    sums[name] = line.substr(0, 64);
  }
  return sums;
}

}  // namespace

base::Result<std::string> sha256_of_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return base::fail("cannot read {}", file.string());
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) {
    return base::fail("OpenSSL offers no SHA-256");
  }
  std::array<char, 64 << 10> buffer;
  while (in.read(buffer.data(), buffer.size()) || in.gcount() > 0) {
    EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad()) return base::fail("cannot read {}", file.string());
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(context.get(), digest.data(), &size);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

base::Result<std::string> checksum_lines(const fs::path& folder) {
  const auto names = sealed_files(folder);
  if (!names) return std::unexpected(names.error());
  std::string lines;
  for (const std::string& name : *names) {
    const auto sum = sha256_of_file(folder / name);
    if (!sum) return std::unexpected(sum.error());
    lines += sum_line(*sum, name);
  }
  return lines;
}

base::Result<std::vector<std::string>> verify_seal(const fs::path& folder) {
  std::ifstream in(folder / kSealName);
  if (!in) return base::fail("{} is not sealed: it has no {}", folder.string(), kSealName);
  auto sums = parse_sums(in);
  if (!sums) return std::unexpected(sums.error());
  const auto names = sealed_files(folder);
  if (!names) return std::unexpected(names.error());

  std::vector<std::string> broken;
  for (const std::string& name : *names) {
    const auto sealed = sums->find(name);
    const auto sum = sha256_of_file(folder / name);
    if (sealed == sums->end() || !sum || *sum != sealed->second) broken.push_back(name);
    if (sealed != sums->end()) sums->erase(sealed);
  }
  for (const auto& [name, sum] : *sums) broken.push_back(name);  // missing
  std::sort(broken.begin(), broken.end());
  return broken;
}

}  // namespace squall::evidence

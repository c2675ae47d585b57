// The context files of the nats CLI.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "client/access.h"

namespace squall::client {
namespace {

using Json = nlohmann::json;
using Path = std::filesystem::path;

// Reads the fields of one context; remembers the first that has the wrong type.
class Fields {
 public:
  Fields(const Json& json, const Path& home) : json_(json), home_(home) {}

  std::string text(const char* name) {
    const auto found = json_.find(name);
    if (found == json_.end() || found->is_null()) return {};
    if (found->is_string()) return found->get<std::string>();
    wrong_type(name, "a string");
    return {};
  }
  bool flag(const char* name) {
    const auto found = json_.find(name);
    if (found == json_.end() || found->is_null()) return false;
    if (found->is_boolean()) return found->get<bool>();
    wrong_type(name, "true or false");
    return false;
  }
  Path path(const char* name) {
    const std::string written = text(name);
    if (written.starts_with("~/")) return home_ / written.substr(2);
    return written;
  }
  const std::optional<base::Error>& error() const { return error_; }

 private:
  void wrong_type(const char* name, const char* wanted) {
    if (!error_) error_ = base::Error(fmt::format("field {} is not {}", name, wanted));
  }

  const Json& json_;
  const Path& home_;
  std::optional<base::Error> error_;
};

// Later ones win, as in the nats CLI: user and password, token, NKEY, .creds.
base::Result<Credentials> login_of(Fields& fields, Credentials from_url) {
  Credentials login = std::move(from_url);
  if (const std::string user = fields.text("user"); !user.empty()) {
    login = {.user = user, .password = fields.text("password")};
  }
  if (const std::string token = fields.text("token"); !token.empty()) login = {.token = token};
  if (const Path nkey = fields.path("nkey"); !nkey.empty()) {
    auto read = read_seed_file(nkey);
    if (!read) return base::fail_within("field nkey", read.error());
    login = std::move(*read);
  }
  if (const Path creds = fields.path("creds"); !creds.empty()) {
    auto read = read_creds_file(creds);
    if (!read) return base::fail_within("field creds", read.error());
    login = std::move(*read);
  }
  return login;
}

std::string names_in(const Path& folder) {
  std::vector<std::string> names;
  std::error_code no_folder;
  for (const auto& entry : std::filesystem::directory_iterator(folder, no_folder)) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names.empty() ? "there are none" : fmt::format("there are: {}", fmt::join(names, ", "));
}

base::Result<std::string> read_text(const Path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return base::fail_errno("cannot read it", errno);
  return text.str();
}

}  // namespace

base::Result<Access> parse_context(std::string_view text, const Path& home) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return base::fail("it is no JSON object");
  Fields fields(json, home);
  for (const char* unsupported : {"nsc", "socks_proxy", "user_jwt"}) {
    if (fields.text(unsupported).empty()) continue;
    return base::fail("field {} is set, which Squall does not support", unsupported);
  }
  std::string url = fields.text("url");
  if (url.empty()) url = "nats://127.0.0.1:4222";
  auto access = parse_servers(url);
  if (!access) return base::fail_within("field url", access.error());
  ConnectOptions& options = access->options;
  auto login = login_of(fields, options.credentials);
  if (!login) return std::unexpected(login.error());
  options.credentials = std::move(*login);
  options.tls.ca_file = fields.path("ca");
  options.tls.certificate_file = fields.path("cert");
  options.tls.key_file = fields.path("key");
  options.tls.first = fields.flag("tls_first");
  if (const std::string prefix = fields.text("inbox_prefix"); !prefix.empty()) options.inbox_prefix = prefix;
  if (const std::string domain = fields.text("jetstream_domain"); !domain.empty()) {
    options.js_api_prefix = fmt::format("$JS.{}.API", domain);
  } else if (std::string prefix = fields.text("jetstream_api_prefix"); !prefix.empty()) {
    while (prefix.ends_with('.')) prefix.pop_back();
    options.js_api_prefix = std::move(prefix);
  }
  if (fields.error()) return std::unexpected(*fields.error());
  return access;
}

ContextFolder ContextFolder::of_user() {
  const char* home = std::getenv("HOME");               // NOLINT(concurrency-mt-unsafe): nobody sets any
  const char* config = std::getenv("XDG_CONFIG_HOME");  // NOLINT(concurrency-mt-unsafe): nobody sets any
  ContextFolder folder{.nats_folder = {}, .home = home == nullptr ? "/" : home};
  folder.nats_folder =
      (config == nullptr || *config == '\0' ? folder.home / ".config" : Path(config)) / "nats";
  return folder;
}

base::Result<Access> read_context(std::string_view name, const ContextFolder& where) {
  std::string chosen(name);
  if (chosen.empty()) {
    const auto selected = read_text(where.nats_folder / "context.txt");
    if (!selected) return base::fail("no NATS context is named, and none is selected (nats context select)");
    chosen = selected->substr(0, selected->find_first_of(" \r\n"));
  }
  const Path folder = where.nats_folder / "context";
  const Path path = folder / (chosen + ".json");
  if (!std::filesystem::exists(path)) {
    return base::fail("no NATS context \"{}\" in {}; {}", chosen, folder.string(), names_in(folder));
  }
  const std::string context = "NATS context " + path.string();
  const auto text = read_text(path);
  if (!text) return base::fail_within(context, text.error());
  auto access = parse_context(*text, where.home);
  if (!access) return base::fail_within(context, access.error());
  return access;
}

}  // namespace squall::client

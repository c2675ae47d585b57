#include "cli/init_command.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/complain.h"
#include "draft/initiate.h"
#include "experiment/notation.h"
#include "experiment/parse.h"
#include "experiment/plan.h"
#include "process/owned_folder.h"

namespace squall::cli {
namespace {

constexpr int kExitSignalBase = 128;

struct Asked {
  std::string context;
  std::string url;
  std::string creds;
  std::string nkey;
  std::string user;
  std::string password_variable;
  std::string token_variable;
  std::string ca;
  std::string certificate;
  std::string key;
  std::string input;
  std::string output;
  std::string name;
  std::string sample;
  std::string to;
  bool no_sample = false;
  bool try_it = false;
  std::vector<std::string> command;
};

// What is no subject and no URL is said before anything is started.
base::Result<void> check(const Asked& asked) {
  for (const auto& [option, subject] : {std::pair{"--in", &asked.input}, std::pair{"--out", &asked.output}}) {
    if (!experiment::is_subject(*subject)) {
      return base::fail("{}: {} is no NATS subject without wildcards", option, *subject);
    }
  }
  if (asked.input == asked.output) {
    return base::fail(
        "--in and --out are the same subject: what the service makes of {} is published elsewhere",
        asked.input);
  }
  if (!asked.url.empty() && !experiment::is_nats_url(asked.url)) {
    return base::fail(
        "--nats: expected a URL such as nats://127.0.0.1:4222, without user and password "
        "(--user with --password-env, --token-env, --creds, --nkey)");
  }
  if (!asked.url.empty() && !asked.context.empty())
    return base::fail("expected --nats or --context, not both");
  const bool login = !asked.creds.empty() || !asked.nkey.empty() || !asked.user.empty() ||
                     !asked.token_variable.empty() || !asked.ca.empty() || !asked.certificate.empty();
  if (login && asked.url.empty()) return base::fail("how to log in belongs to --nats URL");
  if (!asked.name.empty() && !experiment::is_name(asked.name)) {
    return base::fail("--name: expected letters, digits, - and _");
  }
  return {};
}

std::optional<experiment::AttachedNats> theirs(const Asked& asked) {
  if (asked.url.empty() && asked.context.empty()) return std::nullopt;
  const auto absolute = [](const std::string& path) {
    return path.empty() ? std::filesystem::path() : std::filesystem::absolute(path);
  };
  experiment::AttachedNats nats;
  nats.context = asked.context;
  if (!asked.url.empty()) nats.urls = {asked.url};
  nats.user = asked.user;
  nats.password.environment = asked.password_variable;
  nats.token.environment = asked.token_variable;
  nats.creds = absolute(asked.creds);
  nats.nkey = absolute(asked.nkey);
  nats.tls.ca = absolute(asked.ca);
  nats.tls.certificate = absolute(asked.certificate);
  nats.tls.key = absolute(asked.key);
  nats.tls.required = !asked.ca.empty() || !asked.certificate.empty() || asked.url.starts_with("tls:");
  nats.shared = true;
  return nats;
}

// The first line of a .jsonl file, or the whole file on one line.
base::Result<std::string> read_sample(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return base::fail("--sample: cannot read {}", path);
  std::string sample = text.str();
  if (path.ends_with(".jsonl")) sample = sample.substr(0, sample.find('\n'));
  const auto json = nlohmann::ordered_json::parse(sample, nullptr, false);
  if (json.is_object()) return json.dump();
  while (sample.ends_with('\n')) sample.pop_back();
  // Plain text is fine; what is meant to be JSON and is none would fail much later.
  if (json.is_discarded() && (path.ends_with(".json") || sample.starts_with('{') || path.ends_with(".jsonl")))
    return base::fail("--sample: {} is no JSON: {:.40}", path, sample);
  if (sample.find('\n') != sample.npos)
    return base::fail("--sample: {} has more than one line and is no JSON", path);
  return sample;
}

void say(const std::string& about, const std::string& what) {
  std::fprintf(stderr, "  %-8s %s\n", about.c_str(), what.c_str());
}

// Removes the folder of the server and the service that are tried.
class Scratch {
 public:
  explicit Scratch(std::filesystem::path path) : path_(std::move(path)) {}
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

 private:
  std::filesystem::path path_;
};

base::Result<draft::Found> look(const draft::Wish& wish, const std::filesystem::path& folder) {
  auto parts = run::Session::prepare({.artifacts = folder, .name = "init"});
  if (!parts) return std::unexpected(parts.error());
  run::Session session(std::move(*parts));
  auto found =
      wish.nats ? draft::look_at_theirs(session, wish, say) : draft::rehearse_on_our_own(session, wish, say);
  // Beyond this point what was started has ended.
  if (const auto ended = session.end_watchdog(); !ended && found) return std::unexpected(ended.error());
  return found;
}

// Advice, and what is still to be filled in: the same words as of `squall validate`.
int judge(const std::string& text, const std::string& file, const draft::Found& found) {
  const experiment::Parsed parsed = experiment::parse_experiment(text, file, {});
  for (const experiment::Mistake& mistake : parsed.mistakes) say("todo", experiment::to_text(mistake));
  if (!parsed.ok()) return static_cast<int>(parsed.mistakes.size());
  experiment::Known known = experiment::known_from(parsed.experiment);
  if (parsed.experiment.nats.attached() != nullptr) known = found.known;
  for (const experiment::Advice& advice : experiment::advise(parsed.experiment, known))
    say("warn", advice.text);
  return 0;
}

int init(const Asked& asked) {
  if (const auto fine = check(asked); !fine) return complain(kUsage, fine.error());
  draft::Wish wish{.command = asked.command,
                   .input = asked.input,
                   .output = asked.output,
                   .name = asked.name,
                   .nats = theirs(asked),
                   .read_samples = !asked.no_sample,
                   .try_it = asked.try_it};
  if (!asked.sample.empty()) {
    auto sample = read_sample(asked.sample);
    if (!sample) return complain(kUsage, sample.error());
    wish.sample = std::move(*sample);
  }
  if (!asked.to.empty() && std::filesystem::exists(asked.to)) {
    return complain(kUsage, base::Error(asked.to + " is there already: squall init overwrites nothing"));
  }
  const auto folder = process::make_owned_folder(std::filesystem::temp_directory_path(), "squall-init-");
  if (!folder) return complain(kInternal, folder.error());
  std::optional<base::Result<draft::Found>> found;
  try {
    const Scratch scratch(*folder);
    found = look(wish, *folder);
  } catch (const run::Interrupted& interrupted) {
    return kExitSignalBase + interrupted.signal;
  }
  if (!*found) return complain(kInconclusive, found->error());
  draft::Draft& draft = (*found)->draft;
  const auto here = std::filesystem::current_path();
  if (!asked.to.empty() && std::filesystem::absolute(asked.to).parent_path() != here)
    draft.folder = here.string();
  const std::string text = draft::to_yaml(draft);
  const std::string file = asked.to.empty() ? draft.process + "-kill.yaml" : asked.to;
  const int todo = judge(text, file, **found);
  if (asked.to.empty()) {
    std::fputs(text.c_str(), stdout);
  } else {
    std::ofstream out(asked.to);
    out << text;
    if (!out.flush()) return complain(kInternal, base::Error("cannot write " + asked.to));
  }
  const bool sent = wish.nats && wish.try_it && draft.match;
  std::fprintf(
      stderr, "%s %s (%ld lines). %s   next: %s\n", asked.to.empty() ? "drafted" : "wrote", file.c_str(),
      static_cast<long>(std::ranges::count(text, '\n')),
      sent ? "But for what --try published, and what the command worked on meanwhile, nothing was created, "
             "changed or killed."
           : "Nothing was created, changed or killed.",
      todo > 0 ? "fill in the TODOs" : "squall plan, squall run");
  return kOk;
}

}  // namespace

Command init_command() {
  auto asked = std::make_shared<Asked>();
  return {
      .name = "init",
      .summary = "Draft an experiment for a service: asks nothing, changes nothing",
      .options =
          {{.name = "--in",
            .help = "The subject of its inputs",
            .into = &asked->input,
            .required = true,
            .value = "SUBJECT"},
           {.name = "--out",
            .help = "The subject of its effects; what is below it counts, too",
            .into = &asked->output,
            .required = true,
            .value = "SUBJECT"},
           {.name = "--nats",
            .help = "Your server; without it Squall starts one of its own",
            .into = &asked->url,
            .value = "URL"},
           {.name = "--context",
            .help = "Or a context of the nats CLI",
            .into = &asked->context,
            .value = "NAME"},
           {.name = "--try",
            .help = "With your server: start the command and send it a message or a few",
            .into = &asked->try_it},
           {.name = "--sample",
            .help = "One of your messages (JSON; the first line of a .jsonl)",
            .into = &asked->sample,
            .value = "FILE"},
           {.name = "--no-sample", .help = "Do not read stored messages", .into = &asked->no_sample},
           {.name = "--name",
            .help = "Of the service; else after --in",
            .into = &asked->name,
            .value = "NAME"},
           {.name = "-o",
            .help = "Write the file there, not to standard output",
            .into = &asked->to,
            .value = "FILE"},
           {.name = "--creds", .help = "For --nats: a .creds file", .into = &asked->creds, .value = "FILE"},
           {.name = "--nkey",
            .help = "For --nats: a file with an NKEY seed",
            .into = &asked->nkey,
            .value = "FILE"},
           {.name = "--user",
            .help = "For --nats, with --password-env",
            .into = &asked->user,
            .value = "NAME"},
           {.name = "--password-env",
            .help = "The variable that has the password",
            .into = &asked->password_variable,
            .value = "NAME"},
           {.name = "--token-env",
            .help = "The variable that has the token",
            .into = &asked->token_variable,
            .value = "NAME"},
           {.name = "--ca", .help = "For --nats: certificates to trust", .into = &asked->ca, .value = "FILE"},
           {.name = "--cert",
            .help = "For --nats: our certificate",
            .into = &asked->certificate,
            .value = "FILE"},
           {.name = "--key", .help = "Its key", .into = &asked->key, .value = "FILE"},
           {.name = "command",
            .help = "The service, after --",
            .into = &asked->command,
            .required = true,
            .value = "COMMAND..."}},
      .run = [asked] { return init(*asked); },
      .state = asked};
}

}  // namespace squall::cli

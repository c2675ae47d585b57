#include "draft/draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "experiment/notation.h"

namespace squall::draft {
namespace {

using experiment::write_duration;
using namespace std::chrono_literals;

constexpr base::Nanos kOutage = 3s;
constexpr base::Nanos kSlack = 5s;
// The second kill, and a second until the broker goes.
constexpr base::Nanos kBetweenKills = 3s;
// A trial is watched for longer than its bound, so that it shows by how much it was missed.
constexpr base::Nanos kBeyondBound = 10s;

// A YAML scalar for a flow list or map: quoted unless it is a plain word.
std::string scalar(const std::string& text) {
  const bool plain =
      !text.empty() && std::isalpha(static_cast<unsigned char>(text[0])) != 0 &&
      std::ranges::all_of(text,
                          [](unsigned char c) {
                            return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.' || c == '/';
                          }) &&
      text != "true" && text != "false" && text != "null" && text != "yes" && text != "no" && text != "on" &&
      text != "off";
  if (plain) return text;
  std::string quoted = "'";
  for (const char c : text) {
    quoted += c;
    if (c == '\'') quoted += c;
  }
  return quoted + "'";
}

// Texts in which ${…} means something: as it is meant literally.
std::string literal(const std::string& text) {
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '{') escaped += '$';
    escaped += text[i];
  }
  return escaped;
}

std::string list(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + scalar(literal(word));
  return "[" + text + "]";
}

void add(std::vector<std::string>& fields, const std::string& name, const std::string& value) {
  if (!value.empty()) fields.push_back(fmt::format("{}: {}", name, scalar(value)));
}

std::string secret(const experiment::Secret& from) {
  if (!from.environment.empty()) return fmt::format("{{env: {}}}", from.environment);
  return fmt::format("{{file: {}}}", scalar(from.file.string()));
}

std::string attached(const experiment::AttachedNats& nats) {
  std::vector<std::string> fields;
  add(fields, "context", nats.context);
  if (nats.urls.size() == 1) add(fields, "url", nats.urls[0]);
  if (nats.urls.size() > 1) fields.push_back("url: " + list(nats.urls));
  add(fields, "user", nats.user);
  if (!nats.password.empty()) fields.push_back("password: " + secret(nats.password));
  if (!nats.token.empty()) fields.push_back("token: " + secret(nats.token));
  add(fields, "creds", nats.creds.string());
  add(fields, "nkey", nats.nkey.string());
  std::vector<std::string> tls;
  add(tls, "ca", nats.tls.ca.string());
  add(tls, "certificate", nats.tls.certificate.string());
  add(tls, "key", nats.tls.key.string());
  if (nats.tls.first) tls.emplace_back("first: true");
  if (!tls.empty() || nats.tls.required) fields.push_back(fmt::format("tls: {{{}}}", fmt::join(tls, ", ")));
  if (nats.inbox_prefix != "_INBOX") add(fields, "inbox_prefix", nats.inbox_prefix);
  add(fields, "domain", nats.domain);
  fields.emplace_back("shared: true");
  return fmt::format("nats: {{{}}}   # attached: nothing of yours is made, changed or purged\n",
                     fmt::join(fields, ", "));
}

std::string started(const Draft& draft) {
  std::string text = fmt::format(
      "nats:\n  start: 1                 # {} of Squall's own; or attach to yours: url, context\n",
      draft.server.empty() ? "a nats-server" : draft.server);
  if (!draft.nats.streams.empty()) text += "  streams:\n";
  for (const experiment::StreamSpec& stream : draft.nats.streams) {
    text += fmt::format("    {}: {{subjects: {}}}\n", stream.name, list(stream.subjects));
  }
  if (!draft.nats.consumers.empty()) text += "  consumers:\n";
  for (const experiment::ConsumerSpec& consumer : draft.nats.consumers) {
    text += fmt::format("    {}/{}: {{ack_wait: {}}}   # as in production? it is the floor of caught_up\n",
                        consumer.stream, consumer.name, write_duration(consumer.ack_wait));
  }
  return text;
}

std::string ready(const Draft& draft) {
  if (!draft.ready_by_consumer) return "";
  if (!draft.consumer.empty())
    return fmt::format("    ready: {{consumer: {}/{}}}   # it pulls; or http:, log:, exec:\n", draft.stream,
                       draft.consumer);
  if (draft.candidates.empty()) {
    return "    ready: TODO how one sees that it works - consumer or log or http or exec\n";
  }
  return fmt::format("    ready: {{consumer: TODO which of these is the service's - {}}}\n",
                     fmt::join(draft.candidates, " "));
}

std::string workload(const Draft& draft) {
  std::string text = fmt::format("workload:\n  publish: {}\n  rate: {}/s\n", draft.input, draft.rate);
  if (draft.sample.empty()) {
    text += "  payload: {text: TODO one of your messages as JSON}\n";
  } else if (draft.match) {
    text += fmt::format(
        "  payload:                 # a message of yours, with a new identity each\n"
        "    text: {}\n    set: {{{}: \"${{id}}\"}}\n",
        scalar(literal(draft.sample)), draft.match->input);
  } else {
    text += fmt::format(
        "  payload:\n    text: {}\n    set: {{/id: TODO a unique identity - its place comes before the "
        "colon}}\n",
        scalar(literal(draft.sample)));
  }
  text += fmt::format("  effect:\n    subject: {:<19} # counted as stored in its stream; below it, too\n",
                      draft.output);
  if (draft.output_stream) text += fmt::format("    stream: {}\n", *draft.output_stream);
  text += draft.match
              ? fmt::format("    match: {{json: {}}}\n", draft.match->effect)
              : std::string("    match: {json: TODO where the effect has the identity of its input}\n");
  if (draft.per_input > 1) {
    text +=
        fmt::format("    per_input: {:<16} # so many came of one message: by design? else take this out\n",
                    draft.per_input);
  }
  return text;
}

// Killed before an ack, a service that works twice is found; after one, a service that acks before it works.
// The broker goes as well, for 3 s: its process where it is Squall's, the way to it where it is not.
std::string faults(const Draft& draft) {
  std::string text = fmt::format("faults:\n  - kill: {}\n", draft.process);
  if (draft.through_link) {
    text += "    when: before_ack         # the work is done, its ack is held back at the link\n";
    text += fmt::format("  - kill: {:<18} # and again when an ack is out: the work behind it must be done\n",
                        draft.process);
    text += "    when: {moment: after_ack, from: 2s}\n";
  } else {
    text += "    when: random\n";
  }
  const std::string when =
      fmt::format("    for: {}\n    when: {{after: kill-{}{}, wait: 1s}}\n", write_duration(kOutage),
                  draft.process, draft.through_link ? "-2" : "");
  if (draft.nats.started() != nullptr) {
    text += "  - kill: nats-1             # and, once it is back, the broker\n" + when;
  } else if (draft.through_link) {
    text += fmt::format("  - black_hole: {:<12} # and, once it is back, it cannot reach the broker\n",
                        draft.process) +
            when;
  }
  return text;
}

std::string expectations(const Draft& draft) {
  const bool outage = draft.nats.started() != nullptr || draft.through_link;
  const base::Nanos ack_wait = draft.ack_wait.value_or(0s);
  // A broker that comes back counts ack_wait anew for what it had delivered.
  const base::Nanos slack = kSlack + (draft.through_link ? kBetweenKills : 0s);
  const base::Nanos caught_up = outage ? 2 * ack_wait + kOutage + slack : ack_wait + slack;
  const base::Nanos first_output = kSlack + (outage ? kOutage : 0s);
  // Each trial lasts as long as what the dead process held waits for others.
  const int count = ack_wait > 10s ? 3 : outage ? 5 : 10;
  std::string text = fmt::format(
      "trials: {{count: {}, recover_within: {}}}   # 59 make a p95; where work is lost each waits so "
      "long\n",
      count, write_duration(caught_up + kBeyondBound));
  std::string how;
  if (draft.ack_wait) how = fmt::format("{}{} ack_wait + ", outage ? "twice " : "", write_duration(ack_wait));
  if (outage) how += fmt::format("{} without a broker + ", write_duration(kOutage));
  how += write_duration(slack);
  text += fmt::format("expect:\n  caught_up: {{p95: {}}}    # {}: what was accepted before is done\n",
                      write_duration(caught_up), how);
  text += fmt::format("  first_output: {{max: {}}}  # new work flows again\n", write_duration(first_output));
  text += fmt::format(
      "  lost: 0\n  duplicates: 0\n  hit: {:<20} # a kill that strikes no unfinished work proves nothing\n",
      draft.through_link ? "all" : "some");
  return text;
}

}  // namespace

std::string process_name_for(const std::string& subject) {
  std::string name;
  for (const char c : subject.substr(0, subject.find('.'))) {
    const bool fits =
        std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c == '-' && !name.empty());
    if (fits) name += c;
  }
  return name.empty() ? "service" : name;
}

std::string stream_name_for(const std::string& subject) {
  std::string name;
  for (const char c : subject) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) {
      name += static_cast<char>(std::toupper(byte));
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
    }
  }
  while (name.ends_with('_')) name.pop_back();
  return name.empty() ? "STREAM" : name;
}

std::string to_yaml(const Draft& draft) {
  std::string text = fmt::format("squall: 1\nname: {}-kill\n", draft.process);
  text += draft.nats.started() != nullptr ? started(draft) : attached(*draft.nats.attached());
  if (!draft.hosts_to_confirm.empty()) {
    text += fmt::format("allow: {{hosts: [TODO is chaos welcome there - then write {}]}}\n",
                        fmt::join(draft.hosts_to_confirm, " "));
  }
  text += fmt::format(
      "processes:\n  {}:\n    command: {}   # without a shell; its whole process tree is the target\n",
      draft.process, list(draft.command));
  if (!draft.folder.empty()) text += fmt::format("    folder: {}\n", scalar(draft.folder));
  text += fmt::format("    env: {{NATS_URL: \"${{nats.{}}}\"}}\n", draft.through_link ? "link" : "url");
  text += ready(draft);
  text += "    restart: {by: squall, after: 0s}   # or by: docker | systemd | kubernetes | itself\n";
  text += workload(draft);
  return text + faults(draft) + expectations(draft);
}

}  // namespace squall::draft

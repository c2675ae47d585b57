// The `nats:` section: the servers of the system, started by Squall or attached, and the streams and
// consumers that Squall makes on them (and removes again).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"

namespace squall::experiment {

// Where a secret is to be had. Its value never enters the model: what prints, seals or compares an experiment
// cannot leak it. read_secret() (read_secret.h) fetches it at the moment of use.
struct Secret {
  std::string environment;     // the name of a variable
  std::filesystem::path file;  // its first line
  bool empty() const { return environment.empty() && file.empty(); }

  bool operator==(const Secret&) const = default;
};

enum class Storage { kFile, kMemory };
enum class Retention { kLimits, kInterest, kWorkQueue };

// A JetStream stream that Squall makes before the processes start. Absent limits are the server's defaults.
struct StreamSpec {
  std::string name;
  std::vector<std::string> subjects;
  Storage storage = Storage::kFile;
  Retention retention = Retention::kLimits;
  int replicas = 1;
  base::Nanos duplicate_window = std::chrono::minutes(2);
  base::Nanos max_age{};  // 0: no limit
  std::optional<std::int64_t> max_messages;
  std::optional<std::int64_t> max_bytes;

  bool operator==(const StreamSpec&) const = default;
};

// A durable pull consumer that Squall makes.
struct ConsumerSpec {
  std::string stream;
  std::string name;
  std::string filter;  // empty: every subject of the stream
  base::Nanos ack_wait = std::chrono::seconds(30);
  int max_deliver = -1;
  int max_ack_pending = 1000;

  bool operator==(const ConsumerSpec&) const = default;
};

// Servers of Squall's own, on ports that the kernel chooses, named nats-1, nats-2, …
struct StartedNats {
  int servers = 1;
  std::filesystem::path binary;  // empty: nats-server of the PATH
  std::string sync_interval;     // "always", "2m"; empty: the server's default
  std::string configuration;     // more lines for each server's configuration, as they are
  bool down_at_start = false;    // the processes start before the servers do

  bool operator==(const StartedNats&) const = default;
};

struct Tls {
  bool required = false;
  bool first = false;  // TLS before INFO
  std::filesystem::path ca;
  std::filesystem::path certificate;
  std::filesystem::path key;
  std::string server_name;

  bool operator==(const Tls&) const = default;
};

// Somebody's servers. Squall makes, changes and purges nothing there but what `streams` and `consumers` say.
struct AttachedNats {
  std::string context;            // of the nats command line; or
  std::vector<std::string> urls;  // nats://host:port, without user and password
  std::string user;
  Secret password;
  Secret token;
  std::filesystem::path creds;
  std::filesystem::path nkey;  // a file with the seed
  Tls tls;
  std::string inbox_prefix = "_INBOX";
  std::string domain;   // of JetStream
  bool shared = false;  // others are connected: the guard looks at our subjects, not at the server

  bool operator==(const AttachedNats&) const = default;
};

struct Nats {
  std::variant<StartedNats, AttachedNats> how;
  std::vector<StreamSpec> streams;
  std::vector<ConsumerSpec> consumers;

  const StartedNats* started() const { return std::get_if<StartedNats>(&how); }
  const AttachedNats* attached() const { return std::get_if<AttachedNats>(&how); }
  bool operator==(const Nats&) const = default;
};

// TLS that a link ends, and begins anew, so that it can read what is inside. A side that is absent is plain.
struct LinkTls {
  std::optional<Tls> client;  // certificate, key: shown to clients; none: of the link's own making
  std::optional<Tls> server;  // no ca: the server's certificate is not verified

  bool any() const { return client || server; }
  bool operator==(const LinkTls&) const = default;
};

// A path through which a process, or whatever dials it, reaches a server. Each process that uses ${nats.link}
// also has one of its own, which is called as the process and not listed in the file.
struct Link {
  std::string name;
  std::string to = "nats-1";  // a server of ours, "nats" (any of them, or the attached ones), or host:port
  // Where it is dialled, for what is attached; of several servers behind it, the first one's. Port 0: the
  // kernel chooses, and ${link.NAME} says it.
  std::string listen = "127.0.0.1:0";
  bool speaks_nats = true;  // false: bytes only
  LinkTls tls;

  bool operator==(const Link&) const = default;
};

}  // namespace squall::experiment

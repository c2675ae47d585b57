// The `processes:` and `probes:` sections: what runs, who restarts it, and how one sees that it works.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"

namespace squall::experiment {

// Questions, for `ready:` of processes and for probes.
struct ConsumerPulls {  // somebody has a pull open on it, or its push is bound
  std::string stream;
  std::string consumer;
  bool operator==(const ConsumerPulls&) const = default;
};
struct ConsumerLag {  // pending and unacked messages are at most so many
  std::string stream;
  std::string consumer;
  std::int64_t at_most = 0;
  bool operator==(const ConsumerLag&) const = default;
};
struct HttpAnswers {
  std::string url;  // http://host:port/path; may have variables
  int status = 200;
  bool operator==(const HttpAnswers&) const = default;
};
struct MetricIs {  // of a page in Prometheus' text format; over all its labels
  std::string url;
  std::string name;
  std::optional<double> at_least;
  std::optional<double> at_most;
  bool operator==(const MetricIs&) const = default;
};
struct LogSays {
  std::string process;  // whose standard output and error; `ready:` means its own
  std::string text;     // a line contains it
  bool operator==(const LogSays&) const = default;
};
struct CommandSucceeds {
  std::vector<std::string> command;
  bool operator==(const CommandSucceeds&) const = default;
};
struct ProcessLives {
  std::string process;
  bool operator==(const ProcessLives&) const = default;
};
struct NatsConnects {
  std::string server;  // "nats-1"; "nats": any
  bool operator==(const NatsConnects&) const = default;
};
using Question = std::variant<ProcessLives, NatsConnects, HttpAnswers, MetricIs, ConsumerPulls, ConsumerLag,
                              LogSays, CommandSucceeds>;
// "http http://127.0.0.1:80/ answers 200"
std::string describe(const Question& question);

struct Probe {
  std::string name;
  Question question;
  base::Nanos every = std::chrono::milliseconds(50);
  base::Nanos timeout = std::chrono::milliseconds(250);
  bool required = true;  // the system is operational only while it is green

  bool operator==(const Probe&) const = default;
};

// Executed by Squall, without a shell, in a session of its own; the whole tree is the target. It inherits
// Squall's environment, and gets NATS_URL (through its link), SQUALL_RUN_ID and, where asked, HEALTH_PORT.
struct StartedProcess {
  std::vector<std::string> command;                      // may have variables
  std::vector<std::pair<std::string, std::string>> env;  // may have variables
  std::filesystem::path folder;                          // working directory; empty: the experiment file's
  bool health_port = false;                              // HEALTH_PORT and ${process.NAME.port}
  std::optional<Question> ready;                         // absent: it runs
  base::Nanos ready_within = std::chrono::seconds(15);
  base::Nanos stop_grace = std::chrono::seconds(5);  // from SIGTERM to SIGKILL at the end of the run

  bool operator==(const StartedProcess&) const = default;
};

// Somebody's process, found anew at each fault. Exactly one way is given.
struct AttachedProcess {
  std::string pid_file;  // may have variables
  std::string unit;      // of systemd
  std::string matching;  // a part of the command line
  std::string of;        // the process of this experiment that it descends from; others are never struck

  bool operator==(const AttachedProcess&) const = default;
};

enum class RestartedBy { kSquall, kItself, kSystemd, kDocker, kKubernetes, kNobody };

struct Restart {
  RestartedBy by = RestartedBy::kSquall;  // attached processes: kItself
  base::Nanos after{};                    // Squall only: the time between death and restart

  bool operator==(const Restart&) const = default;
};

struct Process {
  std::string name;
  std::variant<StartedProcess, AttachedProcess> how;
  int replicas = 1;  // started: how many; attached: how many must be found
  int at_most = 1;   // a target that resolves to more processes is an error; started: = replicas
  Restart restart;

  const StartedProcess* started() const { return std::get_if<StartedProcess>(&how); }
  const AttachedProcess* attached() const { return std::get_if<AttachedProcess>(&how); }
  bool operator==(const Process&) const = default;
};

}  // namespace squall::experiment

// A router under test: `run` in a scratch folder, looked at from outside through its run dir, HTTP and log,
// and killed with all its processes when the test ends. Any binary with the router's command line will do.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace testing_support {

using squall::base::Nanos;

inline constexpr Nanos kPatience = std::chrono::seconds{20};

// Polls; false if it is not so in time.
bool eventually(const std::function<bool()>& condition, Nanos within = kPatience);
// The whole file; empty if it is not there.
std::string content_of(const std::string& path);
// Zombies do not count.
bool lives(int pid);
int parent_of(int pid);
// Runs a command to its end: its exit code (-1: a signal) and what it printed on both streams.
std::pair<int, std::string> output_of(const std::vector<std::string>& command);

// A folder that goes with the test.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

struct RouterOptions {
  std::vector<std::string> arguments;  // after `run --run-dir … --config …`
  std::string wish;                    // IDLE_ROLE of the idle router
  std::string yaml = "router: 1\n";    // without log
  std::string run_dir = "run";         // below the scratch folder; its .yaml and .log stand beside it
};

class RunningRouter {
 public:
  RunningRouter(const std::string& binary, const Scratch& scratch, const RouterOptions& options);
  ~RunningRouter();
  RunningRouter(const RunningRouter&) = delete;

  // As its pid file says, 0 if there is none.
  int pid(const std::string& process) const;
  // Of all processes, the roles of the default configuration.
  std::map<std::string, int> pids() const;
  const std::string& run_dir() const { return run_dir_; }
  int top() const { return top_; }

  struct Answer {
    int status = 0;  // 0: none
    std::string body;
  };
  Answer get(const std::string& path) const;
  bool ready() const { return get("/readyz").status == 200; }
  void wait_ready() const;  // a test failure if it does not come
  // The value of a line of /metrics ("name{labels}"); -1 if it is not there.
  double metric(const std::string& name) const;

  void signal(int number) const;  // to the topmost process
  // The exit code, or 1000 + signal; 2000 if it does not end.
  int wait_exit(Nanos within = kPatience);

  std::string log() const { return content_of(log_); }
  // The lines of the log with this message.
  std::vector<nlohmann::json> logged(const std::string& message) const;

 private:
  std::string run_dir_;
  std::string log_;
  int top_ = 0;
};

}  // namespace testing_support

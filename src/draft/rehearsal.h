// The user's command, started once to see what it does: which consumer it pulls from, and what it makes of
// one message. On a server of Squall's own it may be started several times, until the streams and consumers
// are those that it asks for.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cluster/deployment.h"
#include "draft/api_watch.h"
#include "draft/sample.h"
#include "run/control_link.h"
#include "run/run_session.h"

namespace squall::draft {

struct Service {
  std::string name;
  std::vector<std::string> command;
  std::string nats_url;
  base::Nanos patience = std::chrono::seconds(8);  // until it works
};

// What it is to work on.
struct Work {
  std::string input;   // subject
  std::string output;  // subject; what is below it counts, too
  std::string in_stream;
  std::string out_stream;
};

struct Working {
  std::string consumer;  // that somebody pulls from, or is pushed by, since the start; empty: none
  base::Nanos after{};   // from the start
  std::size_t processes = 0;
  std::optional<std::string> ended;  // it ended instead: how, with its last lines
};

// Ends with the whole process tree. Thread: the session's.
class RunningService {
 public:
  // Errors: it cannot be executed.
  static base::Result<RunningService> start(run::Session& session, run::ControlLink& nats,
                                            const Service& service, const std::string& stream);

  // Waits until somebody works on the stream who did not before the start.
  Working wait_until_working();
  // How, with its last lines; nothing while it runs.
  std::optional<std::string> ended() const;
  // Ends the tree; blocks for milliseconds.
  void stop() { child_.reset(); }
  const process::Child& child() const { return *child_; }

 private:
  RunningService() = default;

  run::Session* session_ = nullptr;
  run::ControlLink* nats_ = nullptr;
  std::string stream_;
  base::Nanos patience_{};
  std::vector<std::pair<std::string, std::uint64_t>> before_;  // how many serve each consumer
  std::unique_ptr<process::Child> child_;
};

struct Sent {
  std::string effect;     // its payload
  std::uint64_t seq = 0;  // in its stream
  base::Nanos after{};    // the publish
};
// Publishes one message and waits for an effect that is stored then and `wanted`: a late one of the message
// before it may come first. Nothing: there was none at all; without one that is wanted the last one.
base::Result<std::optional<Sent>> send_one(run::Session& session, run::ControlLink& nats, const Work& work,
                                           const std::string& payload, base::Nanos patience,
                                           const std::function<bool(const std::string&)>& wanted);

// Sends the sample as it is, and then with a fresh identity at the most likely places, until one comes out
// again. `likely` first, then those that the first effect shows. Errors: nothing can be published.
struct Matched {
  std::optional<Match> match;
  std::optional<Sent> sent;  // the last effect
  int messages = 0;          // were published
  int effects = 1;           // came of the last one, with its identity
};
base::Result<Matched> match_by_sending(run::Session& session, run::ControlLink& nats, const Work& work,
                                       const std::string& sample, std::vector<Match> likely);

struct Pace {
  double rate = 0;         // a second, until the last of those that came
  std::uint64_t done = 0;  // of the burst
};
// How it does a burst, for a server of Squall's own. Nothing: too few came out to tell.
std::optional<Pace> measure_rate(run::Session& session, run::ControlLink& nats, const Work& work,
                                 const std::string& sample, const Match& match, int messages,
                                 int effects_of_each);

}  // namespace squall::draft

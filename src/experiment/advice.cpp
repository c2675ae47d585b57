#include "experiment/advice.h"

#include <fmt/format.h>

#include <algorithm>

#include "experiment/notation.h"
#include "experiment/targets.h"
#include "wire/subject.h"

namespace squall::experiment {
namespace {

using namespace std::chrono_literals;

base::Nanos first_wait(const KnownConsumer& consumer) {
  return consumer.backoff.empty() ? consumer.ack_wait.value_or(0s) : consumer.backoff.front();
}

void for_each_fault(const Experiment& experiment, const std::function<void(const FaultSpec&)>& each) {
  for (const FaultSpec& fault : experiment.faults) each(fault);
  for (const RandomSchedule& random : experiment.random) {
    for (const RandomSchedule::Choice& choice : random.choices) each(choice.fault);
  }
}

base::Nanos longest_active(const FaultSpec& fault) {
  base::Nanos longest = fault::active_time(fault.action).value_or(0s);
  for (const base::Nanos time : fault.active_times) longest = std::max(longest, time);
  return longest;
}

bool strikes_service(const Experiment& experiment) {
  bool struck = false;
  for_each_fault(experiment, [&](const FaultSpec& fault) {
    struck = struck || experiment.find_process(fault::target_of(fault.action)) != nullptr;
  });
  return struck;
}

bool kills_server(const Experiment& experiment) {
  bool killed = false;
  for_each_fault(experiment, [&](const FaultSpec& fault) {
    killed = killed || (std::holds_alternative<fault::Kill>(fault.action) &&
                        is_server(experiment, fault::target_of(fault.action)));
  });
  return killed;
}

class Adviser {
 public:
  Adviser(const Experiment& experiment, const Known& known) : experiment_(experiment), known_(known) {}

  std::vector<Advice> advise() {
    about_ack_wait();
    about_clients();
    about_duplicate_window();
    about_retries();
    about_max_deliver();
    about_sync();
    about_trials();
    return std::move(advice_);
  }

 private:
  template <typename... Args>
  void say(Advice::About about, std::string field, fmt::format_string<Args...> format, Args&&... args) {
    advice_.push_back({about, std::move(field), fmt::format(format, std::forward<Args>(args)...)});
  }

  // What a dead process held waits for ack_wait, whatever anybody does.
  void about_ack_wait() {
    const auto bound = experiment_.expect.caught_up.loosest();
    if (!bound || !strikes_service(experiment_)) return;
    for (const KnownConsumer& consumer : known_.consumers) {
      const base::Nanos floor = first_wait(consumer);
      if (floor < *bound) continue;
      say(Advice::About::kAckWait, "expect.caught_up",
          "{} cannot be reached: what a dead process held waits for the {} of {}, {}, before anybody gets it "
          "again. {} "
          "needs less than {}, or expect {}",
          write_duration(*bound), consumer.backoff.empty() ? "ack_wait" : "first backoff", consumer.name,
          write_duration(floor), write_duration(*bound), write_duration(*bound), write_duration(floor + 5s));
    }
  }

  void about_clients() {
    const base::Nanos outage = longest_outage(experiment_);
    const auto bound = experiment_.expect.first_output.loosest();
    for (const KnownClient& client : known_.clients) {
      if (!client.reconnect_wait) continue;
      if (client.max_reconnects && *client.max_reconnects >= 0) {
        const base::Nanos gives_up = *client.reconnect_wait * *client.max_reconnects;
        if (outage > gives_up) {
          say(Advice::About::kGivesUp, "faults",
              "{} gives up after {} attempts every {}, {} in all, and a server is away for {}: it never "
              "comes back",
              client.name, *client.max_reconnects, write_duration(*client.reconnect_wait),
              write_duration(gives_up), write_duration(outage));
        }
      }
      if (bound && outage > 0s && outage + *client.reconnect_wait > *bound) {
        say(Advice::About::kReconnect, "expect.first_output",
            "{} cannot be reached: a server is away for {}, and {} tries again every {}: up to {}",
            write_duration(*bound), write_duration(outage), client.name,
            write_duration(*client.reconnect_wait), write_duration(outage + *client.reconnect_wait));
      }
    }
  }

  // A repeat that comes after the window is stored a second time.
  void about_duplicate_window() {
    if (experiment_.expect.duplicates != 0) return;
    const base::Nanos outage = longest_outage(experiment_);
    const base::Nanos floor = floor_of_caught_up(known_).value_or(0s);
    for (const KnownStream& stream : known_.outputs) {
      if (!stream.duplicate_window || outage + floor <= *stream.duplicate_window) continue;
      say(Advice::About::kDuplicateWindow, "expect.duplicates",
          "duplicates are likely: {} refuses a repeated message id for {}, and a repeat can come {} after "
          "the first ({} "
          "away + {} ack_wait)",
          stream.name, write_duration(*stream.duplicate_window), write_duration(outage + floor),
          write_duration(outage), write_duration(floor));
    }
  }

  void about_retries() {
    const WorkloadSpec& load = experiment_.workload;
    if (load.retry.attempts == 1 || !load.retry.when_unknown || load.message_id) return;
    say(Advice::About::kDuplicateWindow, "workload.retry",
        "duplicates are the load's own: what is sent again without Nats-Msg-Id (message_id: false) is stored "
        "again; retry: {{when_unknown: false}} repeats only what certainly was not stored");
  }

  void about_max_deliver() {
    if (experiment_.expect.lost.stranded.value_or(1) != 0) return;
    for (const KnownConsumer& consumer : known_.consumers) {
      if (consumer.max_deliver.value_or(-1) <= 0 || consumer.has_dead_letters.value_or(false)) continue;
      say(Advice::About::kMaxDeliver, "expect.lost",
          "{} gives a message up after {} deliveries, about {}, and nothing takes it then: a process that is "
          "down or "
          "frozen for longer strands messages that nobody worked on",
          consumer.name, *consumer.max_deliver, write_duration(first_wait(consumer) * *consumer.max_deliver));
    }
  }

  void about_sync() {
    if (!kills_server(experiment_)) return;
    const bool always = known_.sync_interval && *known_.sync_interval == "always";
    for (const KnownStream& stream : known_.inputs) {
      if (!stream.is_file) {
        say(Advice::About::kSync, "expect.lost", "{} is kept in memory: a killed server loses all of it",
            stream.name);
      } else if (stream.replicas == 1 && !always) {
        say(Advice::About::kSync, "expect.lost",
            "{} has 1 replica and is flushed to the disk every {}: a killed process loses nothing, since the "
            "page cache "
            "survives, but a power cut loses up to that much. This experiment does not test it",
            stream.name,
            known_.sync_interval.value_or("").empty() ? "2 minutes (1 before 2.10)" : *known_.sync_interval);
      }
    }
  }

  void about_trials() {
    const Expectations& expect = experiment_.expect;
    const bool p99 = expect.caught_up.p99 || expect.first_output.p99 || expect.time_to_green.p99;
    if (!p99 || experiment_.trials.count >= 299) return;
    say(Advice::About::kTrials, "trials", "{} trials cannot show a p99 (299 could): it is the worst of them",
        experiment_.trials.count);
  }

  const Experiment& experiment_;
  const Known& known_;
  std::vector<Advice> advice_;
};

KnownStream known_stream(const StreamSpec& stream) {
  return {.name = stream.name,
          .replicas = stream.replicas,
          .is_file = stream.storage == Storage::kFile,
          .duplicate_window = stream.duplicate_window};
}

}  // namespace

std::vector<Advice> advise(const Experiment& experiment, const Known& known) {
  return Adviser(experiment, known).advise();
}

Known known_from(const Experiment& experiment) {
  Known known;
  for (const ConsumerSpec& consumer : experiment.nats.consumers) {
    known.consumers.push_back({.name = consumer.stream + "/" + consumer.name,
                               .ack_wait = consumer.ack_wait,
                               .max_deliver = consumer.max_deliver,
                               .backoff = {},
                               .has_dead_letters = {}});
  }
  for (const StreamSpec& stream : experiment.nats.streams) {
    const auto stores = [&](const std::string& subject) {
      return std::ranges::any_of(stream.subjects, [&](const std::string& pattern) {
        return wire::subject_matches(pattern, subject);
      });
    };
    if (std::ranges::any_of(experiment.workload.subjects, stores))
      known.inputs.push_back(known_stream(stream));
    const bool is_output = std::ranges::any_of(experiment.workload.effects, [&](const EffectSpec& effect) {
      return effect.stream == stream.name || (!effect.subject.empty() && stores(effect.subject));
    });
    if (is_output) known.outputs.push_back(known_stream(stream));
  }
  if (const StartedNats* started = experiment.nats.started()) known.sync_interval = started->sync_interval;
  return known;
}

std::optional<base::Nanos> floor_of_caught_up(const Known& known) {
  std::optional<base::Nanos> floor;
  for (const KnownConsumer& consumer : known.consumers) {
    if (consumer.ack_wait || !consumer.backoff.empty())
      floor = std::max(floor.value_or(0s), first_wait(consumer));
  }
  return floor;
}

base::Nanos longest_outage(const Experiment& experiment) {
  base::Nanos longest{0};
  for_each_fault(experiment, [&](const FaultSpec& fault) {
    if (is_server(experiment, fault::target_of(fault.action)))
      longest = std::max(longest, longest_active(fault));
  });
  return longest;
}

std::string to_text(const std::vector<Advice>& advice, const Places& places, const std::string& file) {
  std::string text;
  for (const Advice& each : advice) {
    text += to_text(Mistake{place_of(places, each.field, file), each.field, "warning: " + each.text}) + "\n";
  }
  return text;
}

}  // namespace squall::experiment

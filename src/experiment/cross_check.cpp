#include "experiment/cross_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "experiment/targets.h"
#include "experiment/variables.h"
#include "fault/fault_kind.h"
#include "wire/subject.h"

namespace squall::experiment {
namespace {

class CrossCheck {
 public:
  CrossCheck(Experiment& experiment, Reading& reading)
      : experiment_(experiment), reading_(reading), names_(names_of_targets(experiment)) {}

  void run() {
    check_names();
    check_core();
    check_streams();
    check_effects();
    check_processes();
    check_probes();
    for (std::size_t i = 0; i < experiment_.faults.size(); ++i) check_fault(experiment_.faults[i]);
    for (RandomSchedule& random : experiment_.random) {
      for (RandomSchedule::Choice& choice : random.choices) check_target(choice.fault);
    }
    name_faults();
    check_order();
    check_abort();
    check_hosts();
  }

 private:
  void mistake(const FaultSpec& fault, std::string message) {
    reading_.mistakes().push_back({fault.place, field_of(fault), std::move(message)});
  }

  // "faults[2]", from the place that the fault stands at.
  std::string field_of(const FaultSpec& fault) const {
    for (const auto& [path, place] : reading_.places()) {
      if (place == fault.place && path.starts_with("faults[")) return path.substr(0, path.find(']') + 1);
    }
    return "faults";
  }

  // What nobody acknowledges is never a loss: asked for, it must not seem to be judged.
  void check_core() {
    const LossBound not_judged{.in_nats = {}, .by_service = {}, .stranded = {}, .pending = {}};
    if (experiment_.workload.transport != Transport::kCore || experiment_.expect.lost == not_judged) return;
    if (!reading_.places().contains("expect.lost")) return;
    reading_.mistake_at("expect.lost",
                        "cannot be judged of core publishes, which nobody acknowledges: leave it out");
  }

  // Of the streams that the file declares: one of them has the subject.
  const StreamSpec* stream_with(const std::string& subject) const {
    const auto stores = [&](const StreamSpec& stream) {
      return std::ranges::any_of(stream.subjects, [&](const std::string& pattern) {
        return wire::subject_matches(pattern, subject);
      });
    };
    const auto found = std::ranges::find_if(experiment_.nats.streams, stores);
    return found == experiment_.nats.streams.end() ? nullptr : &*found;
  }
  // What was lost is looked for in one stream.
  void check_streams() {
    if (experiment_.workload.transport != Transport::kJetStream) return;
    const std::string* first = nullptr;
    const StreamSpec* stream = nullptr;
    for (const std::string& subject : experiment_.workload.subjects) {
      const StreamSpec* const own = stream_with(example_of(subject));
      if (own == nullptr) continue;
      if (stream == nullptr) {
        first = &subject;
        stream = own;
      } else if (own != stream) {
        return reading_.mistake_at(
            "workload.publish",
            fmt::format("{} is stored in {}, and {} in {}: publish to subjects of one stream", *first,
                        stream->name, subject, own->name));
      }
    }
  }

  // An input that is counted as its own effect is never lost.
  void check_effects() {
    for (const EffectSpec& effect : experiment_.workload.effects) {
      if (effect.subject.empty() || !effect.stream.empty()) continue;
      for (const std::string& subject : experiment_.workload.subjects) {
        const std::string input = example_of(subject);
        if (!wire::subject_matches(effect.subject, input) &&
            !wire::subject_matches(effect.subject + ".>", input))
          continue;
        return reading_.mistake_at(
            "workload.effect",
            fmt::format("{} also matches the input {}, which would count as its own effect: name the subject "
                        "that the system publishes to (or stream:, where another one has it)",
                        effect.subject, subject));
      }
    }
  }

  // Processes, links and servers share one space of names: faults and moments refer to them alike.
  void check_names() {
    for (const Process& process : experiment_.processes) {
      if (is_server(experiment_, process.name) || process.name == "nats") {
        reading_.mistake_at("processes." + process.name, "is the name of a NATS server");
      }
    }
    for (const Link& link : experiment_.links) {
      if (experiment_.find_process(link.name) != nullptr) {
        reading_.mistake_at("links." + link.name, "a process has this name, and its own link is called so");
      }
      if (link.to == "nats" || is_server(experiment_, link.to) || link.to.find(':') != std::string::npos)
        continue;
      reading_.mistake_at("links." + link.name + ".to",
                          fmt::format("expected nats, a server or host:port, not \"{}\"{}", link.to,
                                      suggestion(link.to, names_.servers)));
    }
  }

  void check_process_name(const std::string& field, const std::string& name) {
    if (experiment_.find_process(name) != nullptr) return;
    reading_.mistake_at(field,
                        fmt::format("no such process: {}{}", name, suggestion(name, names_.processes)));
  }

  void check_processes() {
    for (const Process& process : experiment_.processes) {
      const AttachedProcess* attached = process.attached();
      if (attached == nullptr || attached->of.empty()) continue;
      check_process_name("processes." + process.name + ".of", attached->of);
    }
  }

  void check_probes() {
    for (const Probe& probe : experiment_.probes) {
      const std::string field = "probes." + probe.name;
      if (const auto* lives = std::get_if<ProcessLives>(&probe.question)) {
        check_process_name(field + ".process", lives->process);
      } else if (const auto* log = std::get_if<LogSays>(&probe.question)) {
        check_process_name(field + ".log.process", log->process);
      } else if (const auto* nats = std::get_if<NatsConnects>(&probe.question)) {
        if (nats->server == "nats" || is_server(experiment_, nats->server)) continue;
        reading_.mistake_at(field + ".nats", fmt::format("no such server: {}{}", nats->server,
                                                         suggestion(nats->server, names_.servers)));
      }
    }
  }

  void check_target(FaultSpec& fault) {
    if (const auto why = cannot_strike(experiment_, fault.action)) return mistake(fault, *why);
    settle_scope(fault);
    settle_down_time(fault);
    const Process* process = experiment_.find_process(fault::target_of(fault.action));
    const int replicas = process == nullptr ? 1 : process->replicas;
    if (fault.strike.count > replicas) {
      mistake(fault, fmt::format("strike {} of {}, of which there are {}", fault.strike.count,
                                 fault::target_of(fault.action), replicas));
    }
  }

  // A server is one process.
  void settle_scope(FaultSpec& fault) {
    if (!is_server(experiment_, fault::target_of(fault.action))) return;
    if (auto* kill = std::get_if<fault::Kill>(&fault.action)) kill->scope = fault::Scope::kProcess;
    if (auto* freeze = std::get_if<fault::Freeze>(&fault.action)) freeze->scope = fault::Scope::kProcess;
  }

  // A kill whose target Squall restarts lasts as long as the process's `restart` says, unless it has a `for`.
  void settle_down_time(FaultSpec& fault) {
    auto* kill = std::get_if<fault::Kill>(&fault.action);
    if (kill == nullptr) return;
    const Process* process = experiment_.find_process(kill->target);
    const bool ours = process == nullptr || process->restart.by == RestartedBy::kSquall;
    if (!ours && (kill->down_time || !fault.active_times.empty())) {
      return mistake(fault,
                     fmt::format("for: somebody else restarts {}, so Squall cannot say how long it is down",
                                 kill->target));
    }
    if (ours && !kill->down_time)
      kill->down_time = process == nullptr ? base::Nanos{0} : process->restart.after;
  }

  void check_fault(FaultSpec& fault) {
    check_target(fault);
    if (auto* at = std::get_if<fault::AtMoment>(&fault.when)) {
      if (at->link.empty()) at->link = fault::target_of(fault.action);
      if (const auto why = has_no_link(experiment_, at->link)) mistake(fault, "when: " + *why);
    } else if (const auto* when = std::get_if<fault::WhenProbe>(&fault.when)) {
      check_probe_name(fault.place, field_of(fault) + ".when.probe", when->probe);
    }
  }

  void check_probe_name(const Place& place, const std::string& field, const std::string& name) {
    const auto known = names_of_probes(experiment_);
    if (std::ranges::find(known, name) != known.end()) return;
    reading_.mistakes().push_back(
        {place, field, fmt::format("no such probe: {}{}", name, suggestion(name, known))});
  }

  void name_faults() {
    std::set<std::string> taken;
    for (const FaultSpec& fault : experiment_.faults) {
      if (!fault.name.empty() && !taken.insert(fault.name).second) {
        mistake(fault, fmt::format("two faults are named {}", fault.name));
      }
    }
    for (FaultSpec& fault : experiment_.faults) {
      if (fault.name.empty()) fault.name = free_name(fault.action, taken);
    }
    for (RandomSchedule& random : experiment_.random) {
      if (!taken.insert(random.name).second) {
        reading_.mistakes().push_back(
            {random.place, "faults", fmt::format("two faults are named {}", random.name)});
      }
      std::set<std::string> own;
      for (RandomSchedule::Choice& choice : random.choices) {
        if (choice.fault.name.empty()) choice.fault.name = free_name(choice.fault.action, own);
      }
    }
  }

  static std::string free_name(const fault::Action& action, std::set<std::string>& taken) {
    std::string stem = fmt::format("{}-{}", fault::kind_of(action), fault::target_of(action));
    // "leader:ORDERS", "ORDERS/worker"
    std::ranges::replace_if(stem, [](char c) { return c == ':' || c == '/'; }, '-');
    std::string name = stem;
    for (int number = 2; !taken.insert(name).second; ++number) name = fmt::format("{}-{}", stem, number);
    return name;
  }

  // `after:` must name another fault, and following it must end at one that has a time of its own.
  void check_order() {
    for (const FaultSpec& fault : experiment_.faults) {
      const FaultSpec* at = &fault;
      for (std::size_t steps = 0; const auto* after = std::get_if<fault::AfterFault>(&at->when); ++steps) {
        const auto next = std::ranges::find(experiment_.faults, after->fault, &FaultSpec::name);
        if (next == experiment_.faults.end()) {
          if (at == &fault)
            mistake(fault, fmt::format("when: no such fault: {}{}", after->fault,
                                       suggestion(after->fault, names_of_faults())));
          break;
        }
        if (steps > experiment_.faults.size()) {
          mistake(fault, fmt::format("when: {} waits for itself", fault.name));
          break;
        }
        at = &*next;
      }
    }
  }

  std::vector<std::string> names_of_faults() const {
    std::vector<std::string> names;
    names.reserve(experiment_.faults.size());
    for (const FaultSpec& fault : experiment_.faults) names.push_back(fault.name);
    return names;
  }

  void check_abort() {
    for (std::size_t i = 0; i < experiment_.abort.size(); ++i) {
      const AbortCondition& condition = experiment_.abort[i];
      const std::string field = fmt::format("abort[{}].probe", i);
      if (!condition.probe.empty())
        check_probe_name(place_of(reading_.places(), field, reading_.file()), field, condition.probe);
    }
  }

  void check_hosts() {
    const AttachedNats* nats = experiment_.nats.attached();
    if (nats == nullptr) return;
    for (const std::string& url : nats->urls) {
      const std::string host = host_of(url);
      if (is_loopback(host) ||
          std::ranges::find(experiment_.allow.hosts, host) != experiment_.allow.hosts.end())
        continue;
      reading_.mistake_at("nats.url", fmt::format("{} is not on this machine: name it in allow.hosts", host));
    }
  }

  Experiment& experiment_;
  Reading& reading_;
  TargetNames names_;
};

}  // namespace

void cross_check(Experiment& experiment, Reading& reading) { CrossCheck(experiment, reading).run(); }

}  // namespace squall::experiment

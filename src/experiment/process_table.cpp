// The `processes:` and `probes:` sections.
#include "experiment/notation.h"
#include "experiment/scalar_shapes.h"
#include "experiment/section_tables.h"

namespace squall::experiment {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kNameWords = "a name of letters, digits, - and _";

Shape<std::string> process_name() { return text("process's name", is_name); }
Shape<std::vector<std::string>> command(RunVariables variables = RunVariables::kSystem) {
  return list_of(text("text", variables), 1);
}

Shape<HttpAnswers> http_shape() {
  auto table = std::make_shared<Table<HttpAnswers>>();
  const Shape<std::string> url =
      text("url such as http://127.0.0.1:8080/healthz", is_http_url, RunVariables::kSystem);
  table->field({.name = "url", .meaning = "What is asked for", .required = true}, &HttpAnswers::url, url);
  table->field({.name = "status", .meaning = "The answer that is wanted", .standard = "200"},
               &HttpAnswers::status, whole<int>({100, 599}));
  return either(Node::Kind::kScalar,
                written_as<HttpAnswers, std::string>(
                    url, [](HttpAnswers& into, std::string given) { into.url = std::move(given); }),
                section<HttpAnswers>(table));
}

Shape<MetricIs> metric_shape() {
  constexpr Bounds<double> kAny{-1e18, 1e18};
  auto table = std::make_shared<Table<MetricIs>>();
  table->field({.name = "url", .meaning = "A page in Prometheus' text format", .required = true},
               &MetricIs::url,
               text("url such as http://127.0.0.1:8080/metrics", is_http_url, RunVariables::kSystem));
  table->field({.name = "name", .meaning = "The metric; its labels are added up", .required = true},
               &MetricIs::name, text("metric's name"));
  table->field({.name = "at_least", .meaning = "Green from this value on"}, &MetricIs::at_least,
               number(kAny));
  table->field({.name = "at_most", .meaning = "Green up to this value"}, &MetricIs::at_most, number(kAny));
  table->rule([](Reading& reading, const Node& node, const std::string& field, MetricIs& metric) {
    if (!metric.at_least && !metric.at_most) reading.mistake(node, field, "expected at_least or at_most");
  });
  return section<MetricIs>(table);
}

Shape<ConsumerLag> lag_shape() {
  auto table = std::make_shared<Table<ConsumerLag>>();
  table->field<ConsumerName>({.name = "consumer", .meaning = "Whose", .required = true}, consumer_name(),
                             [](ConsumerLag& into, ConsumerName name) {
                               into.stream = std::move(name.stream);
                               into.consumer = std::move(name.consumer);
                             });
  table->field({.name = "at_most", .meaning = "Pending and unacked messages together", .required = true},
               &ConsumerLag::at_most, integer({0, std::int64_t{1} << 50}));
  return section<ConsumerLag>(table);
}

Shape<LogSays> log_shape(bool own_process) {
  const Shape<std::string> line = text("part of a line");
  const Shape<LogSays> short_form = written_as<LogSays, std::string>(
      line, [](LogSays& into, std::string given) { into.text = std::move(given); });
  if (own_process) return short_form;
  auto table = std::make_shared<Table<LogSays>>();
  table->field({.name = "process", .meaning = "Whose standard output and error", .required = true},
               &LogSays::process, process_name());
  table->field({.name = "text", .meaning = "Green once a line contains this", .required = true},
               &LogSays::text, line);
  return section<LogSays>(table);
}

// Adds the questions that `ready` and probes have in common. T has a member `question`.
template <typename T>
void add_questions(Table<T>& table, bool own_process) {
  const auto add = [&table]<typename Q>(FieldText text, Shape<Q> shape) {
    table.template field<Q>(std::move(text), std::move(shape),
                            [](T& into, Q question) { into.question = std::move(question); });
  };
  add({.name = "consumer",
       .meaning = "Somebody takes from it (STREAM/name): a pull is open, or a message was delivered or acked "
                  "within 2 s, or its push is bound"},
      written_as<ConsumerPulls, ConsumerName>(consumer_name(), [](ConsumerPulls& into, ConsumerName name) {
        into = {std::move(name.stream), std::move(name.consumer)};
      }));
  add({.name = "http", .meaning = "A url that answers with the wanted status"}, http_shape());
  add({.name = "log", .meaning = "A line of its output contains this"}, log_shape(own_process));
  add({.name = "exec", .meaning = "A command, without a shell, that succeeds"},
      written_as<CommandSucceeds, std::vector<std::string>>(
          command(),
          [](CommandSucceeds& into, std::vector<std::string> given) { into.command = std::move(given); }));
  add({.name = "lag", .meaning = "How far a consumer may be behind"}, lag_shape());
  add({.name = "metric", .meaning = "A metric within bounds"}, metric_shape());
}

struct Ready {
  Question question;
  base::Nanos within = 15s;
};

Shape<Ready> ready_shape() {
  auto table = std::make_shared<Table<Ready>>();
  add_questions(*table, true);
  table->field({.name = "within", .meaning = "How long that may take", .standard = "15s"}, &Ready::within,
               duration({1ms, 1h}));
  table->exactly_one({"consumer", "http", "log", "exec", "lag", "metric"});
  return section<Ready>(table);
}

Shape<Restart> restart_shape() {
  auto table = std::make_shared<Table<Restart>>();
  const Shape<RestartedBy> by = choice<RestartedBy>({{"squall", RestartedBy::kSquall},
                                                     {"itself", RestartedBy::kItself},
                                                     {"systemd", RestartedBy::kSystemd},
                                                     {"docker", RestartedBy::kDocker},
                                                     {"kubernetes", RestartedBy::kKubernetes},
                                                     {"nobody", RestartedBy::kNobody}});
  table->field({.name = "by", .meaning = "Who brings it back after a kill", .standard = "squall"},
               &Restart::by, by);
  table->field({.name = "after",
                .meaning = "Squall only: how long it stays dead. What your production needs for a restart "
                           "belongs to your recovery time",
                .standard = "0s"},
               &Restart::after, duration({0s, 1h}));
  table->rule([](Reading& reading, const Node& node, const std::string& field, Restart& restart) {
    if (restart.by == RestartedBy::kSquall || node.find("after") == nullptr) return;
    reading.mistake(node.find_entry("after")->first, joined(field, "after"),
                    "only Squall's own restarts can be timed (by: squall)");
  });
  return either(Node::Kind::kScalar,
                written_as<Restart, RestartedBy>(by, [](Restart& into, RestartedBy who) { into.by = who; }),
                section<Restart>(table));
}

// A process as it is written: fields of both kinds in one mapping.
struct Written {
  std::string name;
  StartedProcess started;
  AttachedProcess attached;
  std::optional<Ready> ready;
  std::optional<int> replicas;
  std::optional<int> at_most;
  std::optional<Restart> restart;
};

void add_started_fields(Table<Written>& table) {
  const auto add = [&table]<typename V>(FieldText text, V StartedProcess::* member, Shape<V> shape) {
    table.field<V>(std::move(text), std::move(shape),
                   [member](Written& into, V value) { into.started.*member = std::move(value); });
  };
  add({.name = "command",
       .meaning = "What Squall executes, without a shell, with NATS_URL (through a link of its own) and "
                  "SQUALL_RUN_ID in its environment. The whole process tree is the target"},
      &StartedProcess::command, command());
  add({.name = "env",
       .meaning = "More environment; ${nats.link} is a link of its own, ${nats.url} goes direct"},
      &StartedProcess::env,
      pairs(
          "mapping from a variable to its value",
          [](std::string_view name) { return !name.empty() && name.find('=') == std::string_view::npos; },
          "a variable's name", RunVariables::kSystem));
  add({.name = "folder", .meaning = "Its working directory; without it the folder of this file"},
      &StartedProcess::folder, path());
  add({.name = "health_port",
       .meaning = "It gets a free port as HEALTH_PORT; the file says ${process.NAME.port}",
       .standard = "false"},
      &StartedProcess::health_port, flag());
  add({.name = "stop_grace", .meaning = "From SIGTERM to SIGKILL at the end of the run", .standard = "5s"},
      &StartedProcess::stop_grace, duration({0s, 10min}));
}

void add_attached_fields(Table<Written>& table) {
  const auto add = [&table](FieldText text, std::string AttachedProcess::* member, Shape<std::string> shape) {
    table.field<std::string>(std::move(text), std::move(shape), [member](Written& into, std::string value) {
      into.attached.*member = std::move(value);
    });
  };
  add({.name = "pid_file", .meaning = "Attached: a file with its process id, read anew at each fault"},
      &AttachedProcess::pid_file, text("path", RunVariables::kSystem));
  add({.name = "unit", .meaning = "Attached: a unit of systemd"}, &AttachedProcess::unit,
      text("unit's name"));
  add({.name = "matching", .meaning = "Attached: a part of its command line"}, &AttachedProcess::matching,
      text("part of a command line"));
  add({.name = "of",
       .meaning = "Attached: the process of this file that it descends from; others are never struck"},
      &AttachedProcess::of, process_name());
}

void check_kind(Reading& reading, const Node& node, const std::string& field, Written& /*written*/) {
  const bool started = node.find("command") != nullptr;
  for (const char* name : {"env", "folder", "health_port", "stop_grace", "ready"}) {
    const auto* entry = node.find_entry(name);
    if (!started && entry != nullptr) {
      reading.mistake(entry->first, joined(field, name), "is for processes that Squall starts (command)");
    }
  }
  const auto* of = node.find_entry("of");
  if (started && of != nullptr) {
    reading.mistake(of->first, joined(field, "of"), "is for attached processes (pid_file, unit, matching)");
  }
  const auto* at_most = node.find_entry("at_most");
  if (started && at_most != nullptr) {
    reading.mistake(at_most->first, joined(field, "at_most"),
                    "is for attached processes; a started one has its replicas");
  }
}

void check_restart(Reading& reading, const Node& node, const std::string& field, Written& written) {
  if (node.find("command") != nullptr || !written.restart || written.restart->by != RestartedBy::kSquall)
    return;
  reading.mistake(node.find_entry("restart")->first, joined(field, "restart"),
                  "Squall restarts only what it started (command): expected itself, systemd, docker, "
                  "kubernetes or nobody");
}

void put_together(Process& into, Written written) {
  into.name = std::move(written.name);
  const bool started = !written.started.command.empty();
  into.replicas = written.replicas.value_or(1);
  into.at_most = started ? into.replicas : written.at_most.value_or(into.replicas);
  into.restart =
      written.restart.value_or(Restart{.by = started ? RestartedBy::kSquall : RestartedBy::kItself});
  if (!started) {
    into.how = std::move(written.attached);
    return;
  }
  if (written.ready) {
    written.started.ready = std::move(written.ready->question);
    written.started.ready_within = written.ready->within;
  }
  into.how = std::move(written.started);
}

}  // namespace

Shape<std::vector<Process>> processes_shape() {
  auto table = std::make_shared<Table<Written>>();
  add_started_fields(*table);
  add_attached_fields(*table);
  table->field({.name = "ready", .meaning = "How one sees that it works; without it: it runs"},
               &Written::ready, ready_shape());
  table->field(
      {.name = "replicas", .meaning = "How many of it are started, or must be found", .standard = "1"},
      &Written::replicas, whole<int>({1, 100}));
  table->field({.name = "at_most",
                .meaning = "Attached: a target that turns out to be more processes than this is an error; "
                           "without it: the replicas"},
               &Written::at_most, whole<int>({1, 1000}));
  table->field({.name = "restart",
                .meaning = "Who brings it back after a kill. Attached processes: itself by default"},
               &Written::restart, restart_shape());
  table->exactly_one({"command", "pid_file", "unit", "matching"});
  table->rule(check_kind);
  table->rule(check_restart);
  const Shape<Process> one = written_as<Process, Written>(section<Written>(table), put_together);
  return named<Process>(
      {.doc = one.doc,
       .read =
           [read = one.read](Reading& reading, const Node& node, const std::string& field, Process& into) {
             std::string name = into.name;
             const bool ok = read(reading, node, field, into);
             into.name = std::move(name);
             return ok;
           }},
      [](Process& into, const std::string& name) { into.name = name; }, is_name, std::string(kNameWords));
}

Shape<std::vector<Probe>> probes_shape() {
  auto table = std::make_shared<Table<Probe>>();
  add_questions(*table, false);
  table->field<std::string>(
      {.name = "process", .meaning = "It lives (every process has this probe anyway)"}, process_name(),
      [](Probe& into, std::string name) { into.question = ProcessLives{std::move(name)}; });
  table->field<std::string>(
      {.name = "nats", .meaning = "A new connection to this server works (nats: to any)"},
      text("server's name", is_name),
      [](Probe& into, std::string name) { into.question = NatsConnects{std::move(name)}; });
  table->field({.name = "every", .meaning = "How often it is asked", .standard = "50ms"}, &Probe::every,
               duration({1ms, 1h}));
  table->field({.name = "timeout", .meaning = "No answer for so long is red", .standard = "250ms"},
               &Probe::timeout, duration({1ms, 1min}));
  table->field({.name = "required",
                .meaning = "The system is operational only while it is green; false: it is only shown",
                .standard = "true"},
               &Probe::required, flag());
  table->exactly_one({"consumer", "http", "log", "exec", "lag", "metric", "process", "nats"});
  return named<Probe>(
      section<Probe>(table), [](Probe& into, const std::string& name) { into.name = name; }, is_name,
      std::string(kNameWords));
}

}  // namespace squall::experiment

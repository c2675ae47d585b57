#include "router/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "router/cli/status.h"
#include "router/supervise/guardian.h"
#include "router/supervise/household.h"
#include "router/supervise/role_process.h"
#include "router/supervise/supervisor.h"

namespace router::cli {

using squall::base::Result;
using supervise::StopSignals;

namespace {

constexpr int kUsage = 2;
constexpr int kInternal = 70;

struct Options {
  std::string config_path;
  std::string run_dir;
  bool no_guardian = false;
  std::string defect;
  supervise::Inheritance inheritance;
  std::string role;
  int index = 0;

  config::Defect chosen_defect() const { return config::defect_named(defect).value_or(config::Defect::none); }
};

int complain(int exit_code, const squall::base::Error& error) {
  fmt::print(stderr, "router: {}\n", error.message());
  return exit_code;
}

struct Configured {
  config::ConfigText text;
  config::RouterConfig config;
};

// Prints what is wrong; nothing then.
std::optional<Configured> load(const std::string& path) {
  Configured configured;
  if (!path.empty()) {
    auto text = config::read_config(path);
    if (!text) {
      complain(kUsage, text.error());
      return std::nullopt;
    }
    configured.text = std::move(*text);
  }
  config::ParsedConfig parsed = config::parse_config(configured.text, config::environment_variable);
  if (!parsed.ok()) {
    fmt::print(stderr, "{}", config::to_text(parsed.problems));
    return std::nullopt;
  }
  configured.config = std::move(parsed.config);
  return configured;
}

int run_check(const Options& options) {
  if (!load(options.config_path)) return kUsage;
  fmt::print("{}: ok\n", options.config_path);
  return 0;
}

int run_status(const Options& options) {
  std::string run_dir = options.run_dir;
  if (run_dir.empty()) {
    const auto configured = load(options.config_path);
    if (!configured) return kUsage;
    run_dir = configured->config.run_dir;
  }
  return print_status(run_dir.empty() ? supervise::default_run_dir() : run_dir);
}

// The topmost process.
int run_router(const Options& options) {
  auto configured = load(options.config_path);
  if (!configured) return kUsage;
  if (!options.run_dir.empty()) configured->config.run_dir = options.run_dir;

  auto signals = StopSignals::take();
  if (!signals) return complain(kInternal, signals.error());
  auto household =
      supervise::found_household(configured->text, std::move(configured->config), options.chosen_defect());
  if (!household) return complain(kUsage, household.error());
  const board::Role role = options.no_guardian ? board::Role::supervisor : board::Role::guardian;
  auto log = supervise::open_log(*household, role, 0);
  if (!log) return complain(kUsage, log.error());

  const Result<int> exit_code =
      options.no_guardian ? supervise::run_supervisor(*household, *signals, *log, supervise::Top::yes)
                          : supervise::run_guardian(*household, *signals, *log);
  return exit_code ? *exit_code : complain(kUsage, exit_code.error());
}

// Internal: what the topmost process starts.
int run_child_supervisor(const Options& options) {
  auto household = supervise::join_household(options.inheritance);
  if (!household) return complain(kInternal, household.error());
  auto signals = StopSignals::take();
  if (!signals) return complain(kInternal, signals.error());
  auto log = supervise::open_log(*household, board::Role::supervisor, 0);
  if (!log) return complain(kInternal, log.error());
  const Result<int> exit_code = supervise::run_supervisor(*household, *signals, *log, supervise::Top::no);
  return exit_code ? *exit_code : complain(kInternal, exit_code.error());
}

// Internal: what the supervisor starts.
int run_role_process(const Options& options, const RoleTable& roles) {
  const auto role = board::role_named(options.role);
  if (!role || !roles.contains(*role)) return complain(kInternal, squall::base::Error("no such role"));
  auto household = supervise::join_household(options.inheritance);
  if (!household) return complain(kInternal, household.error());
  auto signals = StopSignals::take();
  if (!signals) return complain(kInternal, signals.error());
  auto log = supervise::open_log(*household, *role, options.index);
  if (!log) return complain(kInternal, log.error());
  return supervise::run_role(*household, *signals, *log, *role, options.index, roles.at(*role));
}

void add_defect(CLI::App& command, Options& options) {
  if (!config::kDefectsPlanted) return;
  std::vector<std::string> names;
  names.reserve(config::kDefectNames.size());
  for (const auto& [defect, name] : config::kDefectNames) names.emplace_back(name);
  command.add_option("--defect", options.defect, "run with this known defect (tests only)")
      ->check(CLI::IsMember(names))
      ->type_name("NAME");
}

void add_inheritance(CLI::App& command, Options& options) {
  supervise::Inheritance& inheritance = options.inheritance;
  command.add_option("--run-dir", inheritance.run_dir)->required();
  command.add_option("--board-fd", inheritance.board_fd)->required();
  command.add_option("--config-fd", inheritance.config_fd)->required();
  command.add_option("--lock-fd", inheritance.lock_fd)->required();
  add_defect(command, options);
}

// An empty group keeps a command out of the help.
CLI::App& add_internal(CLI::App& app, const char* name) { return *app.add_subcommand(name)->group(""); }

}  // namespace

int run_command_line(int argc, char** argv, const RoleTable& roles) {
  Options options;
  CLI::App app("The supervised NATS router: decides, assigns, accounts; loses nothing.", "router");
  app.require_subcommand(1);
  app.set_help_all_flag();

  CLI::App& run = *app.add_subcommand("run", "start guardian, supervisor and roles; SIGTERM drains, exit 0");
  run.add_option("-c,--config", options.config_path, "the configuration (default: all defaults)")
      ->type_name("FILE");
  run.add_option("--run-dir", options.run_dir, "pid files, lock, HTTP address; overrides the file")
      ->type_name("DIR");
  run.add_flag("--no-guardian", options.no_guardian, "systemd restarts the supervisor instead");
  add_defect(run, options);

  CLI::App& status = *app.add_subcommand("status", "the tree of a running router; exit 0 ready, 1 not");
  status.add_option("--run-dir", options.run_dir, "of the router")->type_name("DIR");
  status.add_option("-c,--config", options.config_path, "take the run dir from this file")->type_name("FILE");

  CLI::App& check = *app.add_subcommand("check", "all problems of a configuration; exit 0 none, 2 some");
  check.add_option("config", options.config_path, "the configuration")->type_name("FILE")->required();

  CLI::App& version = *app.add_subcommand("version", "print the version");

  CLI::App& child_supervisor = add_internal(app, "supervise");
  add_inheritance(child_supervisor, options);
  CLI::App& role = add_internal(app, "role");
  role.add_option("--name", options.role)->required();
  role.add_option("--index", options.index)->required();
  add_inheritance(role, options);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  options.inheritance.defect = options.chosen_defect();

  if (version) return fmt::print("router {}\n", SQUALL_VERSION), 0;
  if (check) return run_check(options);
  if (status) return run_status(options);
  if (run) return run_router(options);
  if (child_supervisor) return run_child_supervisor(options);
  return run_role_process(options, roles);
}

}  // namespace router::cli

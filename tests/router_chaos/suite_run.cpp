#include "router_chaos/suite_run.h"

#include <unistd.h>

#include <filesystem>

#include "base/invariant.h"

namespace squall::router_chaos {
namespace {

SuiteRun* the_run = nullptr;

base::Result<std::string> find_binary(const std::string& wanted, const char* name) {
  const std::filesystem::path path =
      wanted.empty() ? std::filesystem::read_symlink("/proc/self/exe").parent_path() / name
                     : std::filesystem::path(wanted);
  if (access(path.c_str(), X_OK) != 0) {
    return base::fail("{} is not there or not executable: build it (scripts/build.sh)", path.string());
  }
  return path.string();
}

}  // namespace

base::Result<std::unique_ptr<SuiteRun>> SuiteRun::create(SuiteOptions options) {
  auto nats = cluster::resolve_nats_server();
  if (!nats) return std::unexpected(nats.error());
  auto router = find_binary(options.router, "router");
  if (!router) return std::unexpected(router.error());
  auto worker = find_binary(options.worker, "router-worker");
  if (!worker) return std::unexpected(worker.error());
  options.router = *router;
  options.worker = *worker;

  auto parts = run::Session::prepare(
      {.artifacts = options.artifacts, .name = "router-chaos", .live_fd = options.live_fd});
  if (!parts) return std::unexpected(parts.error());
  std::unique_ptr<SuiteRun> run(new SuiteRun(std::move(options), std::move(*nats), std::move(*parts)));
  the_run = run.get();
  return run;
}

SuiteRun::SuiteRun(SuiteOptions options, cluster::NatsBinary nats, run::Session::Parts parts)
    : run::Session(std::move(parts)), options_(std::move(options)), nats_(std::move(nats)) {
  report_.name = "router-chaos";
  report_.started = folder().anchor().wall;
  report_.evidence = folder().path().string();
}

SuiteRun::~SuiteRun() { the_run = nullptr; }

SuiteRun& SuiteRun::current() {
  SQUALL_CHECK(the_run != nullptr);
  return *the_run;
}

}  // namespace squall::router_chaos

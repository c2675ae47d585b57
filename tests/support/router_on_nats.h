// The fixture of tests of the whole router: a nats-server, a router and its worker, all real.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/real_broker.h"
#include "tests/support/running_router.h"

namespace testing_support {

nlohmann::json request_body(const std::string& id);
std::string request_id(int number);  // "r-0", …
std::vector<router::nats::Publication> requests(int count);

class WorkerProcess {
 public:
  WorkerProcess(const std::string& url, const Scratch& scratch, const std::vector<std::string>& more = {});
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  void signal(int number) const;
  // The exit code, or 1000 + signal; 2000 if it does not end.
  int wait_exit(Nanos within = kPatience);

 private:
  int pid_ = 0;
};

class RouterOnNats : public testing::Test {
 protected:
  void start_router(const std::string& more_yaml = "", std::vector<std::string> arguments = {});
  void start_everything();
  BlockingClient& client();
  // Each of r-0 … r-(count-1) has exactly one stored assignment and one stored usage event, and nobody else
  // has.
  void expect_one_effect_each(int count);
  void expect_nothing_unfinished();
  // When the broker stored the first usage event after that instant.
  static std::optional<squall::base::WallInstant> first_usage_stored_after(BlockingClient& watcher,
                                                                           squall::base::WallInstant after);

  Scratch scratch_;
  RealBroker broker_{scratch_};
  std::unique_ptr<RunningRouter> router_;
  std::unique_ptr<WorkerProcess> worker_;
  std::unique_ptr<BlockingClient> client_;
};

}  // namespace testing_support

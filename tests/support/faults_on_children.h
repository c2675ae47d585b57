// A journal and shells to strike, for tests of faults on real processes.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>

#include "fault/journal.h"
#include "process/child.h"
#include "support/temporary_folder.h"

namespace squall::testing {

class FaultsOnChildren : public ::testing::Test {
 protected:
  FaultsOnChildren() {
    auto opened = fault::Journal::open(folder / "undo.jsonl");
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().message());
    if (opened) journal.emplace(*std::move(opened));
  }

  // What it prints is in child.log.
  std::unique_ptr<process::Child> shell(const std::string& script) {
    auto child = process::Child::start(io, {.name = "victim",
                                            .command = {"sh", "-c", script},
                                            .log_path = folder / "child.log",
                                            .run_id = "r1"});
    EXPECT_TRUE(child) << (child ? "" : child.error().message());
    return child ? *std::move(child) : nullptr;
  }

  boost::asio::io_context io;
  TemporaryFolder folder;
  std::optional<fault::Journal> journal;
};

}  // namespace squall::testing

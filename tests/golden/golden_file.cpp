#include "golden_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "evidence/read_back.h"

namespace squall::golden {

void expect_golden(const std::string& name, const std::string& drawn) {
  const std::string path = std::string(SQUALL_GOLDEN_DIR) + "/" + name;
  if (std::getenv("SQUALL_APPROVE") != nullptr) {  // NOLINT(concurrency-mt-unsafe)
    std::ofstream(path, std::ios::binary) << drawn;
    return;
  }
  const auto approved = evidence::read_file(path);
  ASSERT_TRUE(approved) << approved.error().message();
  EXPECT_EQ(drawn, *approved) << "if this change is wanted: tests/golden/approve.sh";
}

}  // namespace squall::golden

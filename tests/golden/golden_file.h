// One approved text under tests/golden/expected. tests/golden/approve.sh takes what is drawn now as right.
#pragma once

#include <string>

namespace squall::golden {

void expect_golden(const std::string& name, const std::string& drawn);

}  // namespace squall::golden

#include "process/owned_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

namespace squall::process {
namespace {

namespace fs = std::filesystem;

class OwnedFolderTest : public ::testing::Test {
 protected:
  OwnedFolderTest() {
    std::string pattern = (fs::temp_directory_path() / "squall-owned-XXXXXX").string();
    parent = mkdtemp(pattern.data());
  }
  ~OwnedFolderTest() override { fs::remove_all(parent); }

  fs::path parent;
};

TEST_F(OwnedFolderTest, IsForItsUserOnlyAndTheSameWhenAskedForAgain) {
  const auto folder = make_owned_folder(parent / "deeper", "init-");
  ASSERT_TRUE(folder) << folder.error().message();
  struct stat found{};
  ASSERT_EQ(lstat(folder->c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0700U);
  EXPECT_EQ(make_owned_folder(parent / "deeper", "init-").value_or(""), *folder);
}

TEST_F(OwnedFolderTest, WhatDeadProcessesLeftIsRemovedAndNothingElse) {
  // No process has this pid; process 1 did not start then.
  for (const char* name : {"init-999999999-1", "init-1-1", "init-notes", "other-999999999-1"}) {
    fs::create_directory(parent / name);
    std::ofstream(parent / name / "file") << "x";
  }
  const auto folder = make_owned_folder(parent, "init-");
  ASSERT_TRUE(folder) << folder.error().message();
  EXPECT_FALSE(fs::exists(parent / "init-999999999-1"));
  EXPECT_FALSE(fs::exists(parent / "init-1-1"));
  EXPECT_TRUE(fs::exists(parent / "init-notes" / "file"));
  EXPECT_TRUE(fs::exists(parent / "other-999999999-1" / "file"));
}

TEST_F(OwnedFolderTest, ALinkInItsPlaceIsNotFollowed) {
  const auto folder = make_owned_folder(parent, "init-");
  ASSERT_TRUE(folder) << folder.error().message();
  fs::remove_all(*folder);
  fs::create_directory(parent / "elsewhere");
  fs::create_directory_symlink(parent / "elsewhere", *folder);
  const auto again = make_owned_folder(parent, "init-");
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message(), ::testing::HasSubstr("is there already, and is not ours"));
}

TEST_F(OwnedFolderTest, AParentThatCannotBeMadeIsNamed) {
  std::ofstream(parent / "file") << "x";
  const auto folder = make_owned_folder(parent / "file", "init-");
  ASSERT_FALSE(folder);
  EXPECT_THAT(folder.error().message(), ::testing::HasSubstr("file"));
}

}  // namespace
}  // namespace squall::process

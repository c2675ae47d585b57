#include "experiment/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::experiment {
namespace {

using ::testing::HasSubstr;

std::string problem(const std::string& text) {
  Mistakes mistakes;
  const auto node = read_document(text, "f.yaml", mistakes);
  EXPECT_EQ(node.has_value(), mistakes.empty()) << text.substr(0, 50);
  return to_text(mistakes);
}

std::string repeated(const std::string& part, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += part;
  return text;
}

TEST(Document, NodesKnowTheirPlaces) {
  Mistakes mistakes;
  const auto root = read_document("a: 1\nb:\n  - x\n  - {c: \"y\"}\nd:\n", "f.yaml", mistakes);
  ASSERT_TRUE(root);
  EXPECT_EQ(root->find("a")->place, (Place{"f.yaml", 1, 4}));
  EXPECT_FALSE(root->find("a")->quoted);
  const Node& item = root->find("b")->items.at(1);
  EXPECT_EQ(item.find("c")->place, (Place{"f.yaml", 4, 9}));
  EXPECT_TRUE(item.find("c")->quoted);
  EXPECT_EQ(root->find("d")->place, (Place{"f.yaml", 5, 1})) << "a missing value: the place of its name";
}

TEST(Document, WhatIsNoYamlIsRefusedWithItsPlace) {
  EXPECT_THAT(problem("a: [1\nb: 2\n"), HasSubstr("f.yaml:2:"));
  EXPECT_THAT(problem(""), HasSubstr("the file is empty"));
  EXPECT_THAT(problem("a: 1\n---\nb: 2\n"), HasSubstr("one YAML document"));
  EXPECT_THAT(problem("a: \x01\n"), HasSubstr("f.yaml:1:4: a control character"));
  EXPECT_THAT(problem(std::string("a: b\0c\n", 7)), HasSubstr("a control character"));
  EXPECT_THAT(problem("? [a]\n: b\n"), HasSubstr("expected a field's name"));
}

TEST(Document, AFieldThatIsGivenTwiceIsNamedOnce) {
  Mistakes mistakes;
  read_document("a: 1\nb: 2\na: 3\n", "f.yaml", mistakes);
  EXPECT_EQ(to_text(mistakes), "f.yaml:3:1: a: is given twice\n");
}

TEST(Document, AliasesAreRefusedBeforeTheyMultiply) {
  EXPECT_THAT(problem("a: &x [1]\nb: [*x, *x]\n"), HasSubstr("anchors and aliases are not allowed"));
}

TEST(Document, DepthSizeAndNumberAreBounded) {
  EXPECT_THAT(problem(repeated("[", 100) + repeated("]", 100)), HasSubstr("nested deeper than 32"));
  EXPECT_THAT(problem(repeated("- ", 50'000) + "x"), HasSubstr("nested deeper than 32"));
  EXPECT_THAT(problem(repeated("{a: ", 100) + "1" + repeated("}", 100)), HasSubstr("nested deeper than 32"));
  EXPECT_NE(problem(repeated("[", 200'000)), "");
  EXPECT_NE(problem(repeated("{a: ", 50'000)), "");
  EXPECT_THAT(problem("[" + repeated("1,", 30'000) + "]"), HasSubstr("more than 20000 values"));
  EXPECT_THAT(problem(repeated("# filling\n", 30'000)), HasSubstr("larger than 256 KiB"));
}

}  // namespace
}  // namespace squall::experiment

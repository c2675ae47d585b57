#include "workload/json_pointer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace squall::workload {
namespace {

constexpr std::string_view kOrder =
    R"({"order_id": "o-1", "lines": [ {"sku":"a,}]","n":1.10}, {"sku":"\"b\"","n":2} ],)"
    R"( "a/b": {"~": null}, "z\u0041": true})";

std::string at(std::string_view pointer) { return json_text_at(kOrder, pointer).value_or("-"); }

TEST(JsonText, FindsValuesByPointer) {
  EXPECT_EQ(at("/order_id"), "o-1");
  EXPECT_EQ(at("/lines/0/sku"), "a,}]");
  EXPECT_EQ(at("/lines/0/n"), "1.10") << "a number as it is written";
  EXPECT_EQ(at("/lines/1/sku"), "\"b\"");
  EXPECT_EQ(at("/a~1b/~0"), "null");
  EXPECT_EQ(at("/zA"), "true");
  EXPECT_EQ(at("/lines/1"), R"({"sku":"\"b\"","n":2})");
  EXPECT_EQ(json_text_at("17", ""), "17");
}

TEST(JsonText, WhatIsNotThereIsNothing) {
  for (const std::string_view pointer :
       {"/nope", "/lines/2", "/lines/x", "/order_id/x", "/lines/0/n/0", "order_id", "/a/b"}) {
    EXPECT_EQ(at(pointer), "-") << pointer;
  }
}

// Whatever a service puts out must not bring the reader down.
TEST(JsonText, TextThatIsNoJsonIsSurvived) {
  for (std::size_t size = 0; size < kOrder.size(); ++size) {
    (void)json_text_at(kOrder.substr(0, size), "/a~1b/~0");
    (void)json_text_at(kOrder.substr(size), "/lines/1/sku");
  }
  for (const std::string_view text : {"", "{", "[", "\"", "{\"", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":}",
                                      "\\", "{\"a\\", "}}", "]", "{,}", "nonsense", "{\"a\":\"\\"}) {
    EXPECT_EQ(json_text_at(text, "/a"), std::nullopt) << text;
  }
}

TEST(JsonText, PuttingAValueLeavesTheRestAsItIs) {
  EXPECT_EQ(put_json(R"({"id" : "x", "n":1.10})", "/id", "\"y\""), R"({"id" : "y", "n":1.10})");
  EXPECT_EQ(put_json(R"({"a":[1,2]})", "/a/1", "7"), R"({"a":[1,7]})");
}

TEST(JsonText, AMemberThatIsNotThereIsAdded) {
  EXPECT_EQ(put_json(R"({"a":{"b":1}})", "/a/id", "\"y\""), R"({"a":{"b":1,"id":"y"}})");
  EXPECT_EQ(put_json("{ }", "/a~1b", "1"), R"({ "a/b":1})");
  EXPECT_FALSE(put_json("[1]", "/5", "1"));
  EXPECT_FALSE(put_json("{}", "/a/b", "1"));
}

}  // namespace
}  // namespace squall::workload

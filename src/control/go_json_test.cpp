// Every sentence here was said by Go. Whole bodies are compared in toxiproxy_exchanges_component_test.
#include "control/go_json.h"

#include <gtest/gtest.h>

#include "control/go_fields.h"

namespace squall::control {
namespace {

std::string error_of(std::string_view text) {
  const auto value = parse_go_json(text);
  return value ? "none" : value.error().text;
}

TEST(GoJson, ReadsOneValueAndLooksNoFurther) {
  const auto value =
      parse_go_json(R"( {"a": [1, -2.5e3, true, null], "a": "\u00e9\ud83d\ude00\ud800x"} trailing)");
  ASSERT_TRUE(value);
  ASSERT_EQ(value->members.size(), 2U);
  EXPECT_EQ(value->members[0].value.items[1].text, "-2.5e3");
  EXPECT_EQ(value->members[1].value.text, "é😀\uFFFDx");
  EXPECT_EQ(value->members[1].value.offset, 37U);
}

TEST(GoJson, BrokenUtf8BecomesReplacementCharacters) {
  for (const auto& [text, decoded] :
       std::vector<std::pair<std::string, std::string>>{{"\"a\xffz\"", "a\uFFFDz"},
                                                        {"\"\xc3\"", "\uFFFD"},
                                                        {"\"\xed\xa0\x80\"", "\uFFFD\uFFFD\uFFFD"},
                                                        {"\"\xc0\x80\"", "\uFFFD\uFFFD"},
                                                        {"\"\xf0\x9f\x98\x80\"", "😀"}}) {
    const auto value = parse_go_json(text);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(value->text, decoded);
  }
}

TEST(GoJson, SaysWhichCharacterIsWrongAndWhere) {
  EXPECT_EQ(error_of("{\"a\":1,}"), "invalid character '}' looking for beginning of object key string");
  EXPECT_EQ(error_of("\"\\u12g\""), "invalid character 'g' in \\u hexadecimal character escape");
  EXPECT_EQ(error_of("\x80"), "invalid character '\\u0080' looking for beginning of value");
  EXPECT_EQ(error_of("\xe9"), "invalid character 'é' looking for beginning of value");
  EXPECT_EQ(error_of("\"\\ud800\\u12\""), "invalid character '\"' in \\u hexadecimal character escape");
  EXPECT_EQ(parse_go_json("[1,\n x]").error().offset, 5U);
}

TEST(GoJson, TellsNothingFromTooLittle) {
  EXPECT_EQ(error_of(" \n"), "EOF");
  for (const char* text : {"{", "[1", "\"", "\"\\", "\"\\u1", "-", "1.", "1e", "tr", "{\"a\""}) {
    EXPECT_EQ(error_of(text), "unexpected EOF") << text;
  }
}

TEST(GoJson, DeepNestingIsRefusedAndNotFollowed) {
  EXPECT_EQ(error_of(std::string(100'000, '[')), "exceeded max depth");
  EXPECT_EQ(error_of(std::string(400, '[') + std::string(400, ']')), "none");
}

TEST(GoJson, StringsAreWrittenWithGosEscapes) {
  EXPECT_EQ(go_quoted("a<b>&\"\\/\n\t\x01\x7f\u2028é"),
            "\"a\\u003cb\\u003e\\u0026\\\"\\\\/\\n\\t\\u0001\x7f\\u2028é\"");
  EXPECT_EQ(go_quoted("\xff"), "\"\\ufffd\"");
}

TEST(GoFields, NumbersHaveTheirRange) {
  const auto read_float = [](std::string_view text) {
    float into = 7;
    GoDecoder decoder;
    decoder.read(*parse_go_json(text), {.structure = "", .path = "toxicity"}, into);
    return decoder.error() ? decoder.error()->text : go_float(into);
  };
  EXPECT_EQ(read_float("0.1"), "0.1");
  EXPECT_EQ(read_float("0.3333333333333333"), "0.33333334");
  EXPECT_EQ(read_float("1e-9"), "1e-9");
  EXPECT_EQ(read_float("1e21"), "1e+21");
  EXPECT_EQ(read_float("16777217"), "16777216");
  EXPECT_EQ(read_float("1e-99"), "0");
  EXPECT_EQ(read_float("-1e99"),
            "json: cannot unmarshal number -1e99 into Go struct field .toxicity of type float32");
  EXPECT_EQ(read_float("null"), "7");
  std::int64_t whole = 0;
  GoDecoder decoder;
  decoder.read(*parse_go_json("-9223372036854775808"), {}, "int64", whole);
  EXPECT_EQ(whole, std::numeric_limits<std::int64_t>::min());
  decoder.read(*parse_go_json("9223372036854775808"),
               {.structure = "LatencyToxic", .path = "attributes.latency"}, "int64", whole);
  ASSERT_TRUE(decoder.error());
  EXPECT_EQ(decoder.error()->text,
            "json: cannot unmarshal number 9223372036854775808 into Go struct field "
            "LatencyToxic.attributes.latency of type int64");
}

}  // namespace
}  // namespace squall::control

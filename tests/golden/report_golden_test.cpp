// Every rendering of a fixed report, byte for byte. After a wanted change: tests/golden/approve.sh.
#include <gtest/gtest.h>

#include <pugixml.hpp>
#include <regex>

#include "golden_file.h"
#include "report/render.h"
#include "report_fixture.h"

namespace squall::golden {
namespace {

TEST(ReportGolden, Table) { expect_golden("table.txt", report::render_table(example_report(), {})); }

TEST(ReportGolden, Markdown) {
  expect_golden("report.md", report::render_markdown(example_report(), example_timeline()));
}

TEST(ReportGolden, Html) {
  expect_golden("report.html", report::render_html(example_report(), example_timeline()));
}

TEST(ReportGolden, Junit) { expect_golden("junit.xml", report::render_junit(example_report())); }

TEST(ReportGolden, VerdictJson) { expect_golden("verdict.json", report::to_json(example_report())); }

TEST(ReportGolden, WorstTrial) {
  const report::RunReport run = example_report();
  const report::CaseReport& failed = run.cases[2];
  expect_golden("worst_trial.txt",
                report::render_trial_timeline(failed, *report::worst_trial(failed), example_timeline()));
}

TEST(ReportJson, ReadsBackAsTheSameReport) {
  const std::string written = report::to_json(example_report());
  const auto read = report::from_json(written);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(report::to_json(*read), written);
  EXPECT_EQ(read->cases[2], example_report().cases[2]);  // all its times are whole microseconds
}

TEST(ReportHtml, IsOnePageThatLoadsNothingAndRunsNothing) {
  const std::string page = report::render_html(example_report(), example_timeline());
  for (const char* forbidden :
       {"<script", "http://", "https://", "src=", "@import", "url(", "<link", "onclick"}) {
    EXPECT_EQ(page.find(forbidden), std::string::npos) << forbidden;
  }
}

TEST(ReportHtml, IsWellFormedAndKeepsForeignTextHarmless) {
  std::string page = report::render_html(example_report(), example_timeline());
  EXPECT_EQ(page.find("req-<b>"), std::string::npos);
  // These are all that keeps it from being XML.
  page = std::regex_replace(page, std::regex("<!doctype html>|<meta[^>]*>"), "");
  page = std::regex_replace(page, std::regex("<br>"), "<br/>");
  page = std::regex_replace(page, std::regex("<details open>"), "<details>");
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_string(page.c_str());
  EXPECT_TRUE(parsed) << parsed.description() << " at byte " << parsed.offset;
}

}  // namespace
}  // namespace squall::golden

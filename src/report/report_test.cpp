#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <limits>
#include <pugixml.hpp>

#include "evidence/seal.h"
#include "report/assertion_lines.h"
#include "report/render.h"
#include "report/report_text.h"
#include "report/series.h"

namespace squall::report {
namespace {

using base::Nanos;
using check::VerdictKind;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Took effect 1 s after its beginning and was watched for 30 s.
TrialReport trial(int number, std::optional<Nanos> ttg) {
  TrialReport each{.number = number, .fault = "SIGKILL nats-1", .verdict = VerdictKind::pass};
  each.took_effect_at = seconds{1};
  each.ended_at = seconds{31};
  each.phases.first_output = milliseconds{20};
  each.phases.caught_up = each.time_to_green = ttg;
  each.hits = {{"in flight", 1}, {"waiting for usage", 2}};
  return each;
}

CaseReport case_with(std::vector<TrialReport> trials, VerdictKind verdict = VerdictKind::pass) {
  return {.name = "test_x", .verdict = verdict, .trials = std::move(trials)};
}

TEST(RunReport, TheRunIsAsBadAsItsWorstCaseAndNothingIsInconclusive) {
  RunReport run;
  EXPECT_EQ(run.verdict(), VerdictKind::inconclusive);
  run.cases = {case_with({}), case_with({}, VerdictKind::inconclusive)};
  EXPECT_EQ(run.verdict(), VerdictKind::inconclusive);
  run.cases.push_back(case_with({}, VerdictKind::fail));
  EXPECT_EQ(run.verdict(), VerdictKind::fail);
}

TEST(RunReport, OnlyTrialsWithAFaultThatTookEffectHaveClocks) {
  TrialReport control = trial(1, seconds{9});
  control.fault.clear();
  TrialReport without_effect = trial(2, seconds{9});
  without_effect.took_effect_at.reset();
  const ClockReport clock =
      clock_of("time to green", {control, without_effect, trial(3, seconds{2})}, time_to_green_of);
  EXPECT_EQ(clock.summary.trials, 1U);
  EXPECT_EQ(clock.summary.worst, seconds{2});
}

TEST(RunReport, AClockIsOkWithinItsSloAndItsBound) {
  ClockReport clock = clock_of("caught up", {trial(1, seconds{2})}, caught_up_of);
  EXPECT_TRUE(clock.ok());
  clock.slo = seconds{3};
  EXPECT_TRUE(clock.ok());
  clock.bound = seconds{1};
  EXPECT_FALSE(clock.ok());
  ClockReport never = clock_of("caught up", {trial(1, std::nullopt)}, caught_up_of);
  never.slo = seconds{3};
  EXPECT_FALSE(never.ok());
}

TEST(RunReport, ATrialThatNeverCameBackIsWorseThanTheSlowest) {
  EXPECT_EQ(worst_trial(case_with({})), nullptr);
  const CaseReport slow = case_with({trial(1, seconds{2}), trial(2, seconds{5}), trial(3, seconds{3})});
  EXPECT_EQ(worst_trial(slow)->number, 2);
  const CaseReport never = case_with({trial(1, seconds{2}), trial(2, std::nullopt), trial(3, seconds{29})});
  EXPECT_EQ(worst_trial(never)->number, 2);
}

TEST(Counts, OfThoseThatSplitTheFirstTwoOnlyWhatIsNotZeroIsShown) {
  EXPECT_EQ(describe({{"acknowledged", 3510}, {"lost", 0}, {"in_nats", 0}, {"tail", 0}}, " · "),
            "acknowledged 3,510 · lost 0");
  EXPECT_EQ(describe({{"acknowledged", 3510}, {"lost", 2}, {"in_nats", 0}, {"tail", 2}}, ", "),
            "acknowledged 3,510, lost 2, tail 2");
  EXPECT_EQ(describe(std::vector<check::Count>{}, ", "), "");
}

TEST(TrialSummary, SaysNeverAndForHowLongItWasWatched) {
  EXPECT_EQ(make_summary(trial(1, seconds{2})),
            "SIGKILL nats-1 · 3 unfinished · first output 20 ms · caught up 2.00 s · green 2.00 s");
  EXPECT_EQ(
      make_summary(trial(1, std::nullopt)),
      "SIGKILL nats-1 · 3 unfinished · first output 20 ms · caught up never (in 30.00 s) · green never (in "
      "30.00 s)");
  TrialReport absent = trial(1, seconds{2});
  absent.took_effect_at.reset();
  EXPECT_EQ(make_summary(absent), "SIGKILL nats-1 · its effect was never seen");
}

TEST(Segments, FollowOneAnotherInTimeAndSkipWhatWasNotSeen) {
  TrialReport each = trial(1, milliseconds{900});
  each.phases = {.detected = milliseconds{50},
                 .server_back = milliseconds{10},
                 .reconnected = std::nullopt,
                 .first_output = milliseconds{50},
                 .caught_up = milliseconds{700}};
  const std::vector<Segment> segments = segments_of(each);
  ASSERT_EQ(segments.size(), 5U);
  EXPECT_EQ(segments[0].phase, "server back");
  EXPECT_EQ(segments[1].phase, "detected");
  EXPECT_EQ(segments[2].phase, "first output");
  EXPECT_EQ(segments[2].from, segments[2].to);  // at the same instant
  EXPECT_EQ(segments[4].phase, "green");
  for (std::size_t i = 1; i < segments.size(); ++i) EXPECT_EQ(segments[i].from, segments[i - 1].to);
}

TEST(Table, SaysWorstOfNBelowFiftyNineTrialsAndAPercentileFromThen) {
  std::vector<TrialReport> trials;
  for (int number = 1; number <= 58; ++number) trials.push_back(trial(number, milliseconds{100 * number}));
  EXPECT_EQ(table_row(case_with(trials)).ttg_p95, "worst of 58");
  trials.push_back(trial(59, milliseconds{5'900}));
  EXPECT_EQ(table_row(case_with(trials)).ttg_p95, "5.70 s");
  EXPECT_EQ(table_row(case_with(trials)).ttg_max, "5.90 s");
  trials.back().time_to_green.reset();
  EXPECT_EQ(table_row(case_with(trials)).ttg_max, "never");
}

TEST(Table, ColoursOnlyTheVerdictAndOnlyWhenAsked) {
  const RunReport run{.name = "x", .cases = {case_with({trial(1, seconds{2})}, VerdictKind::fail)}};
  EXPECT_EQ(render_table(run, {}).find('\033'), std::string::npos);
  EXPECT_THAT(render_table(run, {.colour = true}), HasSubstr("\033[1;31mFAIL"));
}

TEST(Json, RefusesWhatIsNotAReportAndNamesTheField) {
  EXPECT_THAT(from_json("").error().message(), HasSubstr("cannot read the report"));
  EXPECT_THAT(from_json("{}").error().message(), HasSubstr("squall_report"));
  EXPECT_THAT(from_json(R"({"squall_report":2})").error().message(), HasSubstr("format 2"));
  std::string text = to_json({.name = "x", .cases = {case_with({})}});
  EXPECT_TRUE(from_json(text));
  text.replace(text.rfind("\"verdict\": \"pass\""), 17, "\"verdict\": \"maybe\"");
  EXPECT_THAT(from_json(text).error().message(), HasSubstr("no such verdict: maybe"));
}

TEST(AssertionLines, TellTheWorstOfSeveralTrials) {
  using std::chrono::milliseconds;
  AssertionLines lines;
  lines.add(Group::resilience, "flows", true, "38 ms", milliseconds(38));
  EXPECT_EQ(lines.lines().at(0).got, "38 ms");
  lines.add(Group::resilience, "flows", true, "690 ms", milliseconds(690));
  lines.add(Group::resilience, "flows", true, "50 ms", milliseconds(50));
  lines.add(Group::resilience, "pids", true, "1 then 2");
  lines.add(Group::resilience, "pids", true, "2 then 3");
  lines.add(Group::messages, "flows", true, "");
  lines.add(Group::messages, "flows", true, "");
  ASSERT_EQ(lines.lines().size(), 3U);
  EXPECT_EQ(lines.lines()[0].got, "690 ms (the worst of 3)");
  EXPECT_EQ(lines.lines()[1].got, "2 then 3 (the last of 2)");
  EXPECT_EQ(lines.lines()[2].got, "yes");
}

// Its bound is another one (repeats are allowed their time): quicker, and yet too slow.
TEST(AssertionLines, AFailureIsNeverHiddenByASlowerTrialThatWasFine) {
  using std::chrono::milliseconds;
  AssertionLines lines;
  lines.add(Group::resilience, "flows", true, "1.60 s after 900 repeats", milliseconds(1600));
  lines.add(Group::resilience, "flows", false, "1.55 s after 0 repeats", milliseconds(1550));
  lines.add(Group::resilience, "flows", true, "1.70 s after 900 repeats", milliseconds(1700));
  EXPECT_FALSE(lines.lines()[0].ok);
  EXPECT_EQ(lines.lines()[0].got, "1.55 s after 0 repeats");
  AssertionLines other;
  other.add(Group::messages, "done", false, "");
  other.add(Group::messages, "done", true, "");
  EXPECT_FALSE(other.lines()[0].ok);
  EXPECT_EQ(other.lines()[0].got, "no");
}

TEST(Json, AReportOfBeforeSomeFieldsIsStillRead) {
  std::string text = to_json({.name = "x", .cases = {case_with({trial(1, seconds{2})})}});
  for (const std::string field : {"\"victim\": \"server\",", "\"not_run\": 0,"}) {
    const std::size_t at = text.find(field);
    ASSERT_NE(at, text.npos) << field;
    text.erase(at, field.size());
  }
  const auto read = from_json(text);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->not_run, 0U);
}

TEST(Json, KeepsLargeSeedsAndCountsExactly) {
  RunReport run{.name = "x", .seed = std::numeric_limits<std::uint64_t>::max()};
  run.totals.acked = (1ULL << 53) + 1;
  const auto read = from_json(to_json(run));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->seed, run.seed);
  EXPECT_EQ(read->totals.acked, run.totals.acked);
}

TEST(Junit, MapsVerdictsAndSurvivesAnyBytes) {
  CaseReport failed = case_with({trial(1, seconds{2})}, VerdictKind::fail);
  failed.reasons = {"bad \x01\x1b[31m <&> \"quoted\""};
  failed.assertions = {{Group::messages, "nothing lost", "0", "3", false}};
  CaseReport open = case_with({}, VerdictKind::inconclusive);
  open.reasons = {"no hits"};
  const std::string xml =
      render_junit({.name = "suite", .took = milliseconds{1'500}, .cases = {failed, open, case_with({})}});
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(xml.c_str()));
  const pugi::xml_node suite = document.child("testsuites").child("testsuite");
  EXPECT_STREQ(suite.attribute("tests").value(), "3");
  EXPECT_STREQ(suite.attribute("failures").value(), "1");
  EXPECT_STREQ(suite.attribute("errors").value(), "1");
  EXPECT_STREQ(suite.attribute("time").value(), "1.500");
  const pugi::xml_node first = suite.child("testcase");
  EXPECT_STREQ(first.child("failure").attribute("message").value(), "bad [31m <&> \"quoted\"");
  EXPECT_THAT(first.child("failure").text().get(), HasSubstr("nothing lost: want 0, got 3"));
  EXPECT_STREQ(first.next_sibling("testcase").child("error").attribute("message").value(), "no hits");
}

TEST(TrialTimeline, ShowsThisTrialFromBeforeTheFaultToItsEnd) {
  evidence::Timeline timeline;
  const auto add = [&](Nanos at, std::string what, std::string of_case, std::optional<int> number) {
    timeline.entries.push_back(
        {at, {}, evidence::EventKind::note, std::move(what), std::move(of_case), number});
  };
  add(milliseconds{100}, "long before", "test_x", 1);
  add(milliseconds{600}, "just before", "test_x", 1);
  add(seconds{2}, "of another case", "test_y", 1);
  add(seconds{2}, "of another trial", "test_x", 2);
  add(seconds{2}, "of the run", "", {});
  add(seconds{32}, "after its end", "test_x", 1);
  const CaseReport report = case_with({trial(1, seconds{2})});
  const std::string text = render_trial_timeline(report, report.trials[0], timeline);
  EXPECT_THAT(text, HasSubstr("-400.000 ms  note     just before"));
  EXPECT_THAT(text, HasSubstr("+1000.000 ms  note     of the run"));
  EXPECT_THAT(text, HasSubstr("+20.000 ms  clock    first output after 20 ms"));
  for (const char* absent : {"long before", "another", "after its end"}) {
    EXPECT_EQ(text.find(absent), std::string::npos) << absent;
  }
}

TEST(Series, CountsStoredEffectsPerBin) {
  const base::Instant start{seconds{50}};
  ledger::Ledger ledger({{"assignment", "usage"}, "p-", {}});
  const int stored_at_ms[] = {0, 99, 100, 250, 299, 300};
  for (std::uint64_t id = 0; id < 6; ++id) {
    ledger.add(ledger::Attempt{id, "p-" + std::to_string(id), start});
    ledger.add(ledger::Effect{1, "p-" + std::to_string(id), id + 1, start + milliseconds{stored_at_ms[id]}});
  }
  const Series series = effects_over_time(
      ledger, 1, {.run_start = start - seconds{2}, .from = start, .until = start + milliseconds{300}});
  EXPECT_EQ(series.name, "usage effects");
  EXPECT_EQ(series.began_at, seconds{2});
  EXPECT_THAT(series.counts, ElementsAre(2, 1, 2));
  const Series nothing = effects_over_time(ledger, 1, {.run_start = start, .from = start, .until = start});
  EXPECT_THAT(nothing.counts, IsEmpty());
}

TEST(WriteReports, LeavesASealedFolderWithEveryReport) {
  std::string pattern = (std::filesystem::temp_directory_path() / "squall-report-XXXXXX").string();
  const std::filesystem::path root = ::mkdtemp(pattern.data());
  auto folder = evidence::RunFolder::create({.artifacts = root, .name = "x", .anchor = {}});
  ASSERT_TRUE(folder);
  const RunReport run{.name = "x", .cases = {case_with({trial(1, seconds{2})})}};
  ASSERT_TRUE(write_reports(*folder, run));
  for (const char* name : {"verdict.json", "report.md", "report.html", "junit.xml"}) {
    EXPECT_TRUE(std::filesystem::exists(folder->path() / name)) << name;
  }
  EXPECT_EQ(from_json(evidence::read_file(folder->path() / "verdict.json").value()).value(), run);
  EXPECT_THAT(evidence::verify_seal(folder->path()).value(), IsEmpty());
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace squall::report

#include "router/worker/job.h"

#include <gtest/gtest.h>

#include "router/messages/decision.h"
#include "router/messages/job_result.h"

namespace router::worker {
namespace {

using namespace std::chrono_literals;

std::string assignment_text() {
  const messages::Json body{{"version", "1"},
                            {"request_id", "r-1"},
                            {"tenant_id", "acme"},
                            {"trace_id", "t-1"},
                            {"task", {{"type", "text"}, {"payload", 1}}}};
  const auto request = messages::read_decide_request(body.dump(), {});
  return messages::to_text(messages::assignment(*request, {.provider_id = "gpt", .channel = "nats"}));
}

TEST(WorkerJobs, GiveAResultThatTheRouterAccepts) {
  const auto job = finish_job(assignment_text(), {.success = true, .took = 20ms});
  ASSERT_TRUE(job) << job.error().message();
  const auto result = messages::read_job_result(job->result, 1024);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->assignment_id, job->assignment_id);
  EXPECT_EQ(result->request_id, "r-1");
  EXPECT_EQ(result->tenant_id, "acme");
  EXPECT_EQ(result->provider_id, "gpt");
  EXPECT_EQ(result->status, messages::JobStatus::success);
  EXPECT_EQ(result->body["latency_ms"], 20.0);
  EXPECT_EQ(result->body["trace_id"], "t-1");
}

TEST(WorkerJobs, AFailureIsAResultToo) {
  const auto job = finish_job(assignment_text(), {.success = false});
  ASSERT_TRUE(job);
  EXPECT_EQ(messages::read_job_result(job->result, 1024)->status, messages::JobStatus::error);
}

TEST(WorkerJobs, WhatIsNoAssignmentIsRefused) {
  for (const char* text : {"", "{}", R"({"assignment_id":"a"})", R"({"assignment_id":7,"request_id":"r"})"}) {
    EXPECT_FALSE(finish_job(text, {})) << text;
  }
}

}  // namespace
}  // namespace router::worker

#include "draft/api_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::draft {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(ApiWatch, APullNamesStreamAndConsumer) {
  Requests requests;
  requests.note("$JS.API.CONSUMER.INFO.ORDERS.worker", "");
  requests.note("$JS.API.CONSUMER.MSG.NEXT.ORDERS.worker", R"({"batch": 10})");
  EXPECT_THAT(requests.streams, ElementsAre("ORDERS"));
  EXPECT_THAT(requests.consumers, ElementsAre(Pair("ORDERS", "worker")));
  EXPECT_THAT(requests.pulled, ElementsAre(Pair("ORDERS", "worker")));
  EXPECT_THAT(requests.consumers_made, IsEmpty());
}

TEST(ApiWatch, WhatTheServiceMakesItselfIsToldFromWhatItExpects) {
  Requests requests;
  requests.note("$JS.API.STREAM.CREATE.ORDERS", R"({"name": "ORDERS", "subjects": ["orders.>", "more"]})");
  requests.note("$JS.API.CONSUMER.DURABLE.CREATE.ORDERS.old", "{}");
  requests.note("$JS.API.CONSUMER.CREATE.ORDERS.new", R"({"config": {"durable_name": "new"}})");
  requests.note("$JS.API.CONSUMER.CREATE.ORDERS", R"({"config": {"ack_policy": "none"}})");
  EXPECT_THAT(requests.streams_made, ElementsAre(Pair("ORDERS", ElementsAre("orders.>", "more"))));
  EXPECT_THAT(requests.consumers_made, ElementsAre(Pair("ORDERS", "new"), Pair("ORDERS", "old")));
  EXPECT_THAT(requests.consumers, IsEmpty());
}

TEST(ApiWatch, NonsenseSaysNothing) {
  Requests requests;
  requests.note("orders.created", "{}");
  requests.note("$JS.API", "");
  requests.note("$JS.API.CONSUMER", "");
  requests.note("$JS.API.CONSUMER.INFO.ORDERS", "");
  requests.note("$JS.ACK.ORDERS.worker.1.1.1.1.0", "");
  EXPECT_THAT(requests.consumers, IsEmpty());
  requests.note("$JS.API.STREAM.CREATE.X", "no json");
  requests.note("$JS.API.CONSUMER.CREATE.X", "[1]");
  EXPECT_THAT(requests.streams_made, ElementsAre(Pair("X", IsEmpty())));
}

}  // namespace
}  // namespace squall::draft

#include "http/event_feed.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "base/asio_run.h"

namespace squall::http {
namespace {

using namespace std::chrono_literals;

TEST(ServerSentEvents, AnEventIsNumberedNamedAndKeepsItsLines) {
  EXPECT_EQ(event_bytes(7, "fault_added", "{}"), "id: 7\nevent: fault_added\ndata: {}\n\n");
  EXPECT_EQ(event_bytes(8, "note", "a\nb\n"), "id: 8\nevent: note\ndata: a\ndata: b\ndata: \n\n");
}

TEST(ServerSentEvents, EveryListenerGetsEveryEventInOrder) {
  boost::asio::io_context io;
  EventSource source(io.get_executor(), 10);
  const auto first = source.subscribe();
  source.publish("a", "1");
  const auto second = source.subscribe();
  source.publish("b", "2");
  EXPECT_EQ(base::run(io, first->next(10s)), "id: 1\nevent: a\ndata: 1\n\nid: 2\nevent: b\ndata: 2\n\n");
  EXPECT_EQ(base::run(io, second->next(10s)), "id: 2\nevent: b\ndata: 2\n\n");
}

TEST(ServerSentEvents, ASlowListenerLosesTheOldestAndIsTold) {
  boost::asio::io_context io;
  EventSource source(io.get_executor(), 2);
  const auto feed = source.subscribe();
  for (const char* number : {"1", "2", "3", "4", "5"}) source.publish("n", number);
  EXPECT_EQ(
      base::run(io, feed->next(10s)),
      "event: missed\ndata: {\"events\":3}\n\nid: 4\nevent: n\ndata: 4\n\nid: 5\nevent: n\ndata: 5\n\n");
  EXPECT_EQ(feed->missed(), 3U);
  source.publish("n", "6");
  EXPECT_EQ(base::run(io, feed->next(10s)), "id: 6\nevent: n\ndata: 6\n\n") << "told once";
}

TEST(ServerSentEvents, SilenceIsFilledWithComments) {
  boost::asio::io_context io;
  EventFeed feed(io.get_executor(), 2);
  EXPECT_EQ(base::run(io, feed.next(1ms)), ": keep-alive\n\n");
}

TEST(ServerSentEvents, AClosedFeedHandsOutTheRestAndThenTheEnd) {
  boost::asio::io_context io;
  EventSource source(io.get_executor(), 2);
  const auto feed = source.subscribe();
  source.publish("a", "1");
  source.close_all();
  source.publish("b", "2");
  EXPECT_EQ(base::run(io, feed->next(10s)), "id: 1\nevent: a\ndata: 1\n\n");
  EXPECT_EQ(base::run(io, feed->next(10s)), "");
}

TEST(ServerSentEvents, WhoLeftIsForgotten) {
  boost::asio::io_context io;
  EventSource source(io.get_executor(), 2);
  auto feed = source.subscribe();
  EXPECT_EQ(source.listeners(), 1U);
  feed.reset();
  EXPECT_EQ(source.listeners(), 0U);
  source.publish("a", "1");
}

}  // namespace
}  // namespace squall::http

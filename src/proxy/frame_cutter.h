// Cuts a stream of bytes at its NATS frames without copying them: what passes unchanged is given on in runs
// as long as possible. Only heads are read, unless somebody needs whole frames. Sans-IO.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "wire/frame_parser.h"

namespace squall::proxy {

class FrameCutter {
 public:
  explicit FrameCutter(wire::Sender sender) : sender_(sender) {}

  // `bytes` begin with carried() (see take_carried()). The target:
  //   bool needs_whole()                    whole frames, or their heads alone (payload and headers empty)?
  //   bool passes(const Frame&, bytes)      false: it has been taken, do not pass it
  //   void run(bytes)                       bytes that pass as they are
  //   void taken()                          after run() of what came before the frame that was taken
  //   bool goes_on()                        false: stop at once, the target is closed
  // False when the bytes are no NATS: they, and all that comes later, are run() as they are.
  template <typename Target>
  bool cut(std::string_view bytes, Target&& target);

  // The beginning of a frame that has not come whole; the next bytes are read behind it.
  std::string take_carried() { return std::exchange(carried_, {}); }
  std::string& carried() { return carried_; }
  const std::string& carried() const { return carried_; }
  // How many bytes the frame that is carried has at least.
  std::size_t wanted() const { return wanted_; }
  // In the middle of a payload that passes.
  bool mid_frame() const { return left_ > 0; }
  bool unreadable() const { return unreadable_; }

 private:
  wire::Sender sender_;
  wire::Limits limits_{};
  std::size_t left_ = 0;  // of the body that passes
  std::size_t wanted_ = 0;
  std::string carried_;
  bool unreadable_ = false;
};

template <typename Target>
bool FrameCutter::cut(std::string_view bytes, Target&& target) {
  std::size_t at = 0;
  std::size_t run_from = 0;
  const auto run_until = [&](std::size_t end) {
    if (end > run_from) target.run(bytes.substr(run_from, end - run_from));
    run_from = end;
  };
  wire::Frame frame;
  while (at < bytes.size() && !unreadable_) {
    if (left_ > 0) {
      const std::size_t size = std::min(left_, bytes.size() - at);
      left_ -= size;
      at += size;
      continue;
    }
    const std::string_view rest = bytes.substr(at);
    wire::HeadStep head = wire::parse_head(rest, sender_, limits_, frame);
    const bool whole = target.needs_whole();
    if (head.step.status == wire::ParseStatus::kComplete && whole && head.has_body) {
      head.step = wire::parse_frame(rest, sender_, limits_, frame);
      head.has_body = false;
    }
    if (head.step.status == wire::ParseStatus::kIncomplete) {
      run_until(at);
      wanted_ = head.step.size;
      carried_ = rest;
      return true;
    }
    if (head.step.status == wire::ParseStatus::kMalformed) {
      unreadable_ = true;
      break;
    }
    const std::size_t size = head.frame_size();
    const std::size_t here = std::min(size, rest.size());
    const bool passes = target.passes(frame, rest.substr(0, here));
    if (!target.goes_on()) return true;
    if (!passes) {
      run_until(at);
      target.taken();
      if (!target.goes_on()) return true;
      run_from = at + here;
    }
    at += here;
    left_ = size - here;
  }
  run_until(bytes.size());
  return !unreadable_;
}

}  // namespace squall::proxy

// The state board: memory that all processes of one router share, so that what a process counted survives its
// death and a frozen or dead one hides nothing. The topmost process (guardian; supervisor with --no-guardian)
// makes it as a memfd; the others inherit the descriptor. It lives as long as any of them.
//
// It is not persistent, and it carries no messages between roles.
#pragma once

#include <optional>
#include <span>

#include "base/result.h"
#include "base/unique_fd.h"
#include "router/board/slot.h"

namespace router::board {

inline constexpr int kMaxDecideRoles = 32;

// Lifetime: slots are valid as long as the Board. Thread: any.
class Board {
 public:
  // Makes the memory. Errors: no memory, decide_roles outside 1 … kMaxDecideRoles.
  static squall::base::Result<Board> create(int decide_roles);
  // Maps what another process made. Errors: not a board, or of another version of the program.
  static squall::base::Result<Board> attach(squall::base::UniqueFd fd);

  Board(Board&& other) noexcept;
  Board& operator=(Board&&) = delete;
  ~Board();

  // To be inherited by children.
  int fd() const { return fd_.get(); }

  // index: of a decide role, 0 for all others. SQUALL_CHECKs that the slot exists.
  Slot& slot(Role role, int index = 0);
  const Slot& slot(Role role, int index = 0) const;
  // guardian, supervisor, decide-0 …, result, admin.
  std::span<Slot> slots();
  std::span<const Slot> slots() const;
  int decide_roles() const;

  // Over all decide roles.
  std::optional<Nanos> decide_latency_p95(
      Instant now) const;  // of the last 5 s; nothing: no request finished
  std::int64_t in_flight() const;
  // Whether admin says that the router is overloaded (decide roles ask before they pull).
  Backpressure backpressure() const { return slot(Role::admin).backpressure(); }

 private:
  struct Layout;
  Board(squall::base::UniqueFd fd, Layout* layout) : fd_(std::move(fd)), layout_(layout) {}

  squall::base::UniqueFd fd_;
  Layout* layout_;
};

}  // namespace router::board

#include "router/board/board.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "base/invariant.h"

namespace router::board {

using squall::base::fail;
using squall::base::fail_errno;
using squall::base::Result;
using squall::base::UniqueFd;

namespace {

constexpr std::uint64_t kMagic = 0x53514c4c424f4152;  // "SQLLBOAR"
constexpr int kFixedSlots = 4;                        // guardian, supervisor, result, admin
constexpr int kMaxSlots = kFixedSlots + kMaxDecideRoles;

static_assert(std::atomic<std::int64_t>::is_always_lock_free && std::atomic<Role>::is_always_lock_free &&
              std::atomic<bool>::is_always_lock_free);

}  // namespace

struct Board::Layout {
  std::uint64_t magic = kMagic;
  std::uint64_t size = sizeof(Layout);
  int decide_roles = 0;
  std::array<Slot, kMaxSlots> slots;
};

Result<Board> Board::create(int decide_roles) {
  if (decide_roles < 1 || decide_roles > kMaxDecideRoles) {
    return fail("a router has 1 to {} decide roles, not {}", kMaxDecideRoles, decide_roles);
  }
  UniqueFd fd(memfd_create("router-board", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return fail_errno("cannot make the state board", errno);
  if (ftruncate(fd.get(), sizeof(Layout)) != 0) return fail_errno("cannot size the state board", errno);
  // Nobody can shrink it under the others (they would die of SIGBUS).
  if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0) {
    return fail_errno("cannot seal the state board", errno);
  }
  void* memory = mmap(nullptr, sizeof(Layout), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return fail_errno("cannot map the state board", errno);
  auto* layout = new (memory) Layout;
  layout->decide_roles = decide_roles;
  layout->slots[0].place(Role::guardian, 0);
  layout->slots[1].place(Role::supervisor, 0);
  for (int i = 0; i < decide_roles; ++i)
    layout->slots[static_cast<std::size_t>(2 + i)].place(Role::decide, i);
  layout->slots[static_cast<std::size_t>(2 + decide_roles)].place(Role::result, 0);
  layout->slots[static_cast<std::size_t>(3 + decide_roles)].place(Role::admin, 0);
  return Board(std::move(fd), layout);
}

Result<Board> Board::attach(UniqueFd fd) {
  struct stat status{};
  if (fstat(fd.get(), &status) != 0) return fail_errno("cannot look at the state board", errno);
  if (status.st_size != static_cast<off_t>(sizeof(Layout))) {
    return fail("the inherited descriptor {} is no state board of this version", fd.get());
  }
  void* memory = mmap(nullptr, sizeof(Layout), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return fail_errno("cannot map the state board", errno);
  auto* layout = std::launder(static_cast<Layout*>(memory));
  if (layout->magic != kMagic || layout->size != sizeof(Layout)) {
    munmap(memory, sizeof(Layout));
    return fail("the inherited descriptor {} is no state board", fd.get());
  }
  fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
  return Board(std::move(fd), layout);
}

Board::Board(Board&& other) noexcept
    : fd_(std::move(other.fd_)), layout_(std::exchange(other.layout_, nullptr)) {}

Board::~Board() {
  if (layout_ != nullptr) munmap(static_cast<void*>(layout_), sizeof(Layout));
}

int Board::decide_roles() const { return layout_->decide_roles; }

std::span<Slot> Board::slots() {
  return std::span(layout_->slots).first(static_cast<std::size_t>(kFixedSlots + layout_->decide_roles));
}

std::span<const Slot> Board::slots() const {
  return std::span<const Slot>(layout_->slots).first(static_cast<std::size_t>(kFixedSlots + decide_roles()));
}

const Slot& Board::slot(Role role, int index) const {
  const auto found = std::ranges::find_if(
      slots(), [&](const Slot& candidate) { return candidate.role() == role && candidate.index() == index; });
  const bool exists = found != slots().end();
  SQUALL_CHECK(exists);
  return *found;
}

Slot& Board::slot(Role role, int index) { return const_cast<Slot&>(std::as_const(*this).slot(role, index)); }

std::optional<Nanos> Board::decide_latency_p95(Instant now) const {
  LatencyCounts counts;
  for (const Slot& one : slots()) {
    if (one.role() == Role::decide) counts.add(one.latency().recent(now));
  }
  return counts.quantile(0.95);
}

std::int64_t Board::in_flight() const {
  std::int64_t sum = 0;
  for (const Slot& one : slots()) sum += one.in_flight();
  return sum;
}

}  // namespace router::board

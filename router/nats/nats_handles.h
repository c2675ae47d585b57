// Ownership at the border to libnats: its handles, and what its callbacks may touch. Only for .cpp files of
// router/nats.
#pragma once

#include <nats/nats.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace router::nats {

// A libnats object with one owner.
template <typename T, void (*Destroy)(T*)>
class CHandle {
 public:
  CHandle() = default;
  explicit CHandle(T* raw) : raw_(raw) {}
  CHandle(CHandle&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
  CHandle& operator=(CHandle&& other) noexcept {
    if (this != &other) reset(std::exchange(other.raw_, nullptr));
    return *this;
  }
  CHandle(const CHandle&) = delete;
  CHandle& operator=(const CHandle&) = delete;
  ~CHandle() { reset(); }

  T* get() const { return raw_; }
  explicit operator bool() const { return raw_ != nullptr; }
  void reset(T* raw = nullptr) {
    if (raw_ != nullptr) Destroy(raw_);
    raw_ = raw;
  }
  // For libnats' out parameters.
  T** out() {
    reset();
    return &raw_;
  }

 private:
  T* raw_ = nullptr;
};

using ConnectionHandle = CHandle<natsConnection, natsConnection_Destroy>;
using SubscriptionHandle = CHandle<natsSubscription, natsSubscription_Destroy>;
using OptionsHandle = CHandle<natsOptions, natsOptions_Destroy>;
using MessageHandle = CHandle<natsMsg, natsMsg_Destroy>;

// A libnats callback can run after its connection or subscription was destroyed. So its closure is a key,
// never a pointer: a late callback finds nothing.
template <typename T>
class CallbackTable {
 public:
  static CallbackTable& of_process() {
    static CallbackTable& table = *new CallbackTable;  // never destroyed: libnats' threads outlive main()
    return table;
  }

  void* add(std::shared_ptr<T> target) {
    const std::lock_guard lock(mutex_);
    targets_.emplace(++last_, std::move(target));
    return reinterpret_cast<void*>(last_);
  }
  std::shared_ptr<T> find(void* key) {
    const std::lock_guard lock(mutex_);
    const auto found = targets_.find(reinterpret_cast<std::uintptr_t>(key));
    return found == targets_.end() ? nullptr : found->second;
  }
  void remove(void* key) {
    std::shared_ptr<T> removed;  // destroyed without the lock
    const std::lock_guard lock(mutex_);
    const auto found = targets_.find(reinterpret_cast<std::uintptr_t>(key));
    if (found == targets_.end()) return;
    removed = std::move(found->second);
    targets_.erase(found);
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::uintptr_t, std::shared_ptr<T>> targets_;
  std::uintptr_t last_ = 0;
};

}  // namespace router::nats

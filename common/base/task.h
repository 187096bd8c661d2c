// Task<T>: a coroutine that is awaited by another one, or driven from outside as the root of a chain. It begins when it
// is awaited or started, and runs in whichever thread resumes it. Who waits inside decides when that is; the code reads
// the same whether a wait blocks the thread or gives it back.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace proxycommon {

template <class T>
class Task;

namespace detail {

struct TaskPromiseBase {
  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) noexcept {
      const std::coroutine_handle<> continuation = ended.promise().continuation_;
      return continuation ? continuation : std::noop_coroutine();
    }
    void await_resume() noexcept {}
  };

  std::suspend_always initial_suspend() noexcept { return {}; }
  FinalAwaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { escaped_ = std::current_exception(); }
  void rethrow() {
    if (escaped_) std::rethrow_exception(std::exchange(escaped_, nullptr));
  }

  std::coroutine_handle<> continuation_;
  std::exception_ptr escaped_;
};

template <class T>
struct TaskPromise : TaskPromiseBase {
  Task<T> get_return_object() noexcept;
  template <class Value>
  void return_value(Value&& value) {
    value_.emplace(std::forward<Value>(value));
  }
  T take() {
    rethrow();
    return std::move(*value_);
  }
  std::optional<T> value_;
};

template <>
struct TaskPromise<void> : TaskPromiseBase {
  Task<void> get_return_object() noexcept;
  void return_void() noexcept {}
  void take() { rethrow(); }
};

}  // namespace detail

// Destroying a Task that has not ended destroys what its frames hold. One thread at a time.
template <class T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::TaskPromise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) noexcept : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  // For the root: runs until the end or the first wait. What waits resumes it.
  void start() { handle_.resume(); }
  bool isDone() const { return handle_.done(); }
  // Precondition: isDone(). Rethrows what escaped.
  T result() { return handle_.promise().take(); }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> continuation) noexcept {
    handle_.promise().continuation_ = continuation;
    return handle_;
  }
  T await_resume() { return handle_.promise().take(); }

 private:
  Handle handle_;
};

namespace detail {
template <class T>
Task<T> TaskPromise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<TaskPromise<T>>::from_promise(*this));
}
inline Task<void> TaskPromise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<TaskPromise<void>>::from_promise(*this));
}
}  // namespace detail

// A coroutine that begins at once and belongs to itself: for event loops, which resume it until it ends. What it needs
// it must hold. An exception that leaves it goes to whoever resumed it, and its frame is never freed.
struct Detached {
  struct promise_type {
    Detached get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() { throw; }
  };
};

// A value that is told later, in the same thread, to the one coroutine that awaits it. The first telling counts.
template <class T>
class Pending {
 public:
  template <class Value>
  void tell(Value&& value) {
    if (value_) return;
    value_.emplace(std::forward<Value>(value));
    if (waiting_) std::exchange(waiting_, {}).resume();
  }

  struct Wait {
    Pending& pending;
    bool await_ready() const noexcept { return pending.value_.has_value(); }
    void await_suspend(std::coroutine_handle<> waiting) noexcept { pending.waiting_ = waiting; }
    T await_resume() { return std::move(*pending.value_); }
  };
  // What to co_await.
  Wait told() { return {*this}; }

 private:
  std::optional<T> value_;
  std::coroutine_handle<> waiting_;
};

}  // namespace proxycommon

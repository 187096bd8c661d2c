// SharedState: what parent and children of all generations have in common: one mapping made before the first fork, in
// which blocks are found by name, so that a graceful restart finds again what the old children still count in. It
// knows nothing of httpd.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "common/base/export.h"
#include "common/base/result.h"
#include "common/shared/child_rows.h"
#include "common/shared/child_table.h"
#include "common/shared/claims.h"
#include "common/shared/wait_line.h"

namespace proxycommon {

// The leader is one child of all, which does what is to be done once: health checks, names.
class PROXYCOMMON_API SharedState {
 public:
  // In the parent. Never given back: children use it as long as they live. Error kInternal.
  static Result<SharedState*> make(std::size_t children);

  ChildTable& children();

  // In the parent, while a configuration is made ready: blocks that are not asked for between the two are given to
  // others, once no child is left that was forked when they were.
  void beginGeneration();
  void endGeneration();
  // The block of that name: the one of the generation before, or a new one that is all zero. `bytes` must not differ
  // between generations; where it does, the block is a new one. Error kInternal: the memory is used up.
  Result<void*> block(std::string_view name, std::size_t bytes);
  template <class T>
  Result<T*> state(std::string_view name) {
    auto memory = block(name, sizeof(T));
    if (!memory) return std::move(memory.error());
    return static_cast<T*>(*memory);
  }
  Result<ChildRows> rows(std::string_view name);
  // At least `limit` places.
  Result<Claims> claims(std::string_view name, std::size_t limit);
  Result<WaitLine> line(std::string_view name, std::size_t limit);

  // In the parent: a child has died. What it held is free again, and who waits for that is woken.
  void strikeOut(pid_t process);

  // Any process. What becomes readable when somebody wakes that child; made before the first fork.
  int wakeDescriptor(std::size_t child) const;
  void wake(std::size_t child) const;

  // In a child. Whether it is the leader from now on, or still: the one there was is dead, has resigned, or is of an
  // older generation. `generation` is that of the configuration the child has.
  bool lead(std::size_t child, std::uint32_t generation);
  void resign(std::size_t child);
  // In which generation of the configuration this process is: raised by beginGeneration().
  std::uint32_t generation() const;
};

}  // namespace proxycommon

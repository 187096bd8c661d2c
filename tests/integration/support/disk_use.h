// How much room files take, and a disk that has little of it.
#pragma once

#include <cstddef>
#include <filesystem>

namespace proxytest {

// Bytes of all files below the folder, as du counts them: what they take, not how long they are.
std::size_t diskUse(const std::filesystem::path& folder);

// A tmpfs of that many bytes on an existing folder, for as long as the object lives. Only root may have one, and not in
// every container.
class SmallDisk {
 public:
  SmallDisk(std::filesystem::path folder, std::size_t bytes);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool isMounted() const { return isMounted_; }
  void fill() const;   // with a file of its own, to the last byte
  void drain() const;  // removes that file

 private:
  std::filesystem::path filler() const { return folder_ / "filler"; }

  std::filesystem::path folder_;
  bool isMounted_;
};

}  // namespace proxytest

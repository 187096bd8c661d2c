// A directory of the test's own, gone when the object goes. Readable by every user, for httpd's children and nginx run
// as others than the test. KEEP=1 in the environment leaves it for a look afterwards.
#pragma once

#include <filesystem>
#include <string_view>

namespace proxytest {

class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

  // Writes a file below the directory, with the folders that it needs, and returns its path.
  std::filesystem::path write(const std::filesystem::path& name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

// The whole file, or nothing when there is none.
std::string readFile(const std::filesystem::path& path);

}  // namespace proxytest

// The key that signs session cookies.
#include "mod_revproxy/sticky_key.h"

#include <new>

#include "common/httpd/directive.h"
#include "mod_revproxy/balancer/key_file.h"

namespace revproxy {
namespace {

constexpr const char* kRetainedKey = "revproxy sticky key";
constexpr const char* kFileName = "revproxy-sticky.key";
constexpr const char* kUntilMoved =
    ": sessions stay with their members until httpd stops, and move when it starts again";
constexpr const char* kUntilRefused = ": the key of before is used until httpd stops, and then it does not start";
constexpr const char* kConfigureOne = "; or write RevProxyStickyKey FILE, to name a key that is kept elsewhere";

// The key of this httpd so far; empty at its start. Never destroyed: it lives as long as the process.
std::string& retainedKey() {
  void* retained = ap_retained_data_get(kRetainedKey);
  if (!retained) retained = new (ap_retained_data_create(kRetainedKey, sizeof(std::string))) std::string;
  return *static_cast<std::string*>(retained);
}

std::string keyFilePath(const server_rec& main) {
  const char* path = ap_runtime_dir_relative(main.process->pconf, kFileName);
  return path ? path : kFileName;
}

}  // namespace

Result<std::string> readStickyKey(std::string_view file) {
  return readKeyFile(proxycommon::directive::absolutePath(file));
}

Result<StickyKey> keptStickyKey(const server_rec& main) {
  std::string& retained = retainedKey();
  const bool isFirst = retained.empty();
  // On a graceful restart the file is made again if somebody has removed it.
  const std::string ready = isFirst ? makeKey() : retained;
  KeptKeyFile kept = keepKeyFile(keyFilePath(main), ready);
  if (kept.state == KeyFileState::kBad && isFirst)
    return proxycommon::failure(proxycommon::ErrorKind::kInternal, kept.problem.append(kConfigureOne));
  std::string warning;
  if (kept.state != KeyFileState::kKept) {
    warning = kept.problem + (kept.state == KeyFileState::kBad ? kUntilRefused : kUntilMoved) + kConfigureOne;
    kept.key = ready;
  }
  retained = kept.key;
  return StickyKey{std::move(kept.key), std::move(warning)};
}

}  // namespace revproxy

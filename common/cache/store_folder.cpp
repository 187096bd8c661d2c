// The folder of bodies on their way.
#include "common/cache/store_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/base/file_descriptor.h"
#include "common/base/mistake.h"
#include "common/cache/incoming_body.h"

namespace proxycommon {
namespace {

Error cannot(const std::string& folder, const char* what) {
  return mistake("the folder " + folder + " for bodies on their way " + what + ": " + std::strerror(errno));
}

}  // namespace

Result<std::string> prepareWorkFolder(const StorePlace& place) {
  const std::string folder = place.runtimeFolder + "/cache-" + place.instance + "-" + place.name;
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return cannot(folder, "cannot be made");
  // Not through a link that somebody has put there: the parent may be root.
  const FileDescriptor opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (!opened) return cannot(folder, "cannot be opened");
  if (::geteuid() == 0 && ::fchown(opened.get(), place.user, place.group) != 0)
    return cannot(folder, "cannot be given to the children");
  sweepWorkFolder(folder);
  return folder;
}

}  // namespace proxycommon

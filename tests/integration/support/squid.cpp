// See squid.h.
#include "tests/integration/support/squid.h"

#include <signal.h>

#include <filesystem>
#include <stdexcept>

#include "tests/integration/support/port.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

Squid::Squid(const std::string& user, const std::string& password, const std::string& names) : port_(freePort()) {
  // As root it becomes a user of its own.
  std::filesystem::permissions(directory_.path(), std::filesystem::perms::all);
  const std::string folder = directory_.path().string();
  const auto passwords =
      directory_.write("passwords", user + ":" + runChecked({"openssl", "passwd", "-apr1", password}));
  const auto hosts = directory_.write("hosts", names);
  const auto file = directory_.write(
      "squid.conf", "http_port " + authority() + "\nvisible_hostname squid.test\npid_filename none\n" +
                        "auth_param basic program /usr/lib/squid/basic_ncsa_auth " + passwords.string() +
                        "\nauth_param basic realm test\nauth_param basic children 2\nacl known proxy_auth REQUIRED\n" +
                        "http_access allow known\nhttp_access deny all\nhosts_file " + hosts.string() +
                        "\naccess_log stdio:" + folder + "/access.log\ncache_log " + folder + "/cache.log\n" +
                        "cache deny all\ncache_mem 8 MB\nmax_filedescriptors 1024\npinger_enable off\n" +
                        "netdb_filename none\nshutdown_lifetime 0 seconds\ncoredump_dir " + folder + "\n");
  const auto console = directory_.path() / "console.log";
  process_ = std::make_unique<ChildProcess>(CommandLine{{"/usr/sbin/squid", "-N", "-f", file.string()}, {}}, console);
  waitUntil([&] { return !process_->running() || connectTo(port_); });
  if (!process_->running())
    throw std::runtime_error("squid does not start:\n" + readFile(console) + readFile(directory_.path() / "cache.log"));
}

Squid::~Squid() {
  process_->terminate(SIGTERM, kPatience);
}

}  // namespace proxytest

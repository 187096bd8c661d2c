// See nginx.h.
#include "tests/integration/support/nginx.h"

#include <signal.h>

#include <regex>
#include <stdexcept>

#include "tests/integration/support/certificate_authority.h"
#include "tests/integration/support/port.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {
namespace {

std::string tlsLines(const Certificate& certificate) {
  return "ssl_certificate \"" + certificate.certificateFile.string() + "\";\nssl_certificate_key \"" +
         certificate.keyFile.string() + "\";\n";
}

std::string temporaryPaths() {
  std::string lines;
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    lines += std::string(kind) + "_temp_path " + kind + ";\n";
  }
  return lines;
}

}  // namespace

Nginx::Nginx(const std::string& serverBlock, const std::string& httpLines)
    : port_(freePort()), statusPort_(freePort()) {
  start(serverBlock, "", httpLines);
}

Nginx::Nginx(const Certificate& certificate, const std::string& serverBlock)
    : port_(freePort()), statusPort_(freePort()), scheme_("https") {
  start(tlsLines(certificate) + serverBlock, " ssl");
}

Nginx::~Nginx() {
  process_->terminate(SIGTERM, kPatience);
}

std::string Nginx::url(const std::string& path) const {
  return scheme_ + "://127.0.0.1:" + std::to_string(port_) + path;
}

void Nginx::start(const std::string& serverBlock, const std::string& listenParameters, const std::string& httpLines) {
  std::filesystem::create_directories(documentRoot());
  const std::string text =
      "daemon off; master_process off; pid nginx.pid; error_log error.log info;\n"
      "events { worker_connections 8192; }\n" +
      std::string("http {\n" + httpLines + "\naccess_log off; sendfile on; tcp_nodelay on; client_max_body_size 0;\n") +
      temporaryPaths() + "keepalive_requests 10000000; keepalive_timeout 300s; default_type text/plain;\n" +
      "server { listen 127.0.0.1:" + std::to_string(statusPort_) + "; location / { stub_status; } }\n" +
      "server { listen 127.0.0.1:" + std::to_string(port_) + listenParameters + " backlog=4096;\nroot html;\n" +
      serverBlock + "\n}\n}\n";
  directory_.write("nginx.conf", text);
  launch();
  // The connection that tried the port counts as well, once nginx has got round to it.
  statusConnections_ = 1;
  waitUntil([&] { return acceptedConnections() == 0; });
}

void Nginx::launch() {
  const auto file = directory_.path() / "nginx.conf";
  const auto console = directory_.path() / "console.log";
  const CommandLine command{
      {"/usr/sbin/nginx", "-p", directory_.path().string(), "-e", "error.log", "-c", file.string()}, {}};
  process_ = std::make_unique<ChildProcess>(command, console);
  waitUntil([&] { return !process_->running() || connectTo(statusPort_); });
  if (!process_->running()) throw std::runtime_error("nginx does not start:\n" + readFile(console));
}

void Nginx::kill() {
  process_->terminate(SIGKILL, kPatience);
}

void Nginx::restart() {
  launch();
}

std::size_t Nginx::acceptedConnections() const {
  RawClient client(statusPort_);
  ++statusConnections_;
  client.send("GET / HTTP/1.0\r\n\r\n");
  const std::string page = client.readToEnd().data;
  std::smatch counts;
  if (!std::regex_search(page, counts, std::regex(R"((\d+) (\d+) (\d+))"))) {
    throw std::runtime_error("no counts in nginx's status page: " + page);
  }
  return std::stoul(counts[1]) - statusConnections_;
}

}  // namespace proxytest

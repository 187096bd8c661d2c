// Unix sockets: which paths can be one, and how dialling one ends.
#include "common/net/unix_socket.h"

#include <sys/stat.h>
#include <sys/un.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include "common/net/connector.h"
#include "tests/unit/support/printing.h"
#include "tests/unit/support/sockets.h"

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(unix_socket, *boost::unit_test::timeout(60))

namespace {

// A folder for sockets, gone with the object.
class Folder {
 public:
  Folder() {
    std::string pattern = "/tmp/unix_socket_test.XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string at(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

class SocketListener {
 public:
  explicit SocketListener(const std::string& path, int backlog = 16)
      : descriptor_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    BOOST_REQUIRE(::bind(descriptor_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    BOOST_REQUIRE(::listen(descriptor_.get(), backlog) == 0);
  }
  FileDescriptor accept() const { return FileDescriptor{::accept4(descriptor_.get(), nullptr, nullptr, SOCK_CLOEXEC)}; }

 private:
  FileDescriptor descriptor_;
};

ConnectPlan planTo(const std::string& path, milliseconds limit = milliseconds{20'000}) {
  static const AddressGuard guard = AddressGuard::closed();
  ConnectPlan plan;
  plan.destination = {"name.test", 80};
  plan.guard = &guard;
  plan.limit = limit;
  plan.socketPath = path;
  return plan;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_path_is_absolute_and_fits_an_address) {
  using namespace std::string_literals;
  BOOST_TEST(outcomeOf(checkSocketPath("/run/app.sock")) == "done");
  BOOST_TEST(outcomeOf(checkSocketPath("/run/an odd\tname\xff")) == "done");
  BOOST_TEST(outcomeOf(checkSocketPath("/" + std::string(106, 'x'))) == "done");
  const auto refused = [](const std::string& path) {
    const auto checked = checkSocketPath(path);
    return checked ? "" : checked.error().detail;
  };
  BOOST_TEST(refused("run/app.sock").find("not absolute") != std::string::npos);
  BOOST_TEST(refused("").find("not absolute") != std::string::npos);
  BOOST_TEST(refused("/a\0b"s).find("zero byte") != std::string::npos);
  const std::string tooLong = refused("/" + std::string(107, 'x'));
  BOOST_TEST(tooLong.find("has 108 bytes") != std::string::npos, tooLong);
  BOOST_TEST(tooLong.find("107 at most") != std::string::npos, tooLong);
}

BOOST_AUTO_TEST_CASE(a_socket_is_connected_to_and_reported) {
  const Folder folder;
  const std::string path = folder.at("an odd name\x01");
  const SocketListener listener(path);
  auto connected = connectHere(planTo(path));
  BOOST_REQUIRE_EQUAL(outcomeOf(connected), "done");
  BOOST_TEST(connected->report.address == socketName(path));
  BOOST_TEST(connected->report.address.find("\\x01") != std::string::npos);
  const FileDescriptor accepted = listener.accept();
  BOOST_TEST(connected->connection->write(std::string_view("hello"), {}).bytes == 5u);
  BOOST_TEST(receive(accepted.get(), 5) == "hello");
}

BOOST_AUTO_TEST_CASE(each_way_to_fail_has_its_error) {
  const Folder folder;
  { const SocketListener gone(folder.at("left")); }
  std::ofstream(folder.at("file")) << "x";
  const auto failed = [](const std::string& path) {
    const auto result = connectHere(planTo(path));
    BOOST_TEST_REQUIRE(!result);
    BOOST_TEST(result.error().detail.find(socketName(path)) != std::string::npos, result.error().detail);
    return std::string{outcomeOf(result)} + ": " + result.error().detail;
  };
  BOOST_TEST(failed(folder.at("none")).find("refused: ") == 0u);
  BOOST_TEST(failed(folder.at("none")).find("there is no such socket") != std::string::npos);
  BOOST_TEST(failed(folder.at("none/below")).find("there is no such socket") != std::string::npos);
  BOOST_TEST(failed(folder.at("left")).find("nobody listens") != std::string::npos);
  BOOST_TEST(failed(folder.at("file")).find("refused: ") == 0u);
}

BOOST_AUTO_TEST_CASE(a_socket_whose_queue_is_full_is_dialled_again_until_there_is_room) {
  const Folder folder;
  const std::string path = folder.at("full");
  const SocketListener listener(path, 0);
  std::vector<FileDescriptor> queue;
  while (auto socket = dialSocket(path)) {
    BOOST_REQUIRE_EQUAL(outcomeOf(*socket), "done");
    queue.push_back(std::move(**socket));
  }
  BOOST_TEST(!queue.empty());
  const auto late = connectHere(planTo(path, milliseconds{100}));
  BOOST_REQUIRE_EQUAL(outcomeOf(late), "connect-timeout");
  BOOST_TEST(late.error().detail.find("queue is full") != std::string::npos, late.error().detail);
  (void)listener.accept();
  BOOST_TEST(outcomeOf(connectHere(planTo(path))) == "done");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest

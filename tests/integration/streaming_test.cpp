// Bodies flow while they are made: each side holds back its next piece until the other has reported the one before, so
// a proxy that collects would hang, whatever the clock says.
#include <condition_variable>
#include <mutex>
#include <sstream>

#include "tests/integration/support/client.h"
#include "tests/integration/support/http_text.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(streaming)

namespace {

constexpr int kEvents = 5;

// Lets the two ends take turns. One that never comes to its turn gives up, so that a failing test ends.
class Turns {
 public:
  void done(int turn) {
    const std::lock_guard lock(mutex_);
    done_ = turn;
    changed_.notify_all();
  }
  bool waitFor(int turn) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return done_ >= turn; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int done_ = 0;
};

std::string event(int number) {
  return "data: event " + std::to_string(number) + "\n\n";
}

std::string chunk(const std::string& data) {
  std::ostringstream text;
  text << std::hex << data.size() << "\r\n" << data << "\r\n";
  return text.str();
}

// Both modules on one httpd; the form of the request line says which one gets the request.
struct Proxies {
  Proxies(Mpm mpm, const ScriptedOrigin& to) : httpd(mpm), origin(to) {
    httpd.configure("RevProxyPass / " + origin.url("/") + "\nFwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\n");
    httpd.start();
  }
  std::string target(bool forward, const std::string& path) const { return forward ? origin.url(path) : path; }

  Httpd httpd;
  const ScriptedOrigin& origin;
};

void readEvents(RawClient& client, Turns& received) {
  for (int number = 1; number <= kEvents; ++number) {
    BOOST_TEST(client.readUntil("\n\n").find("event " + std::to_string(number)) != std::string::npos);
    received.done(number);
  }
}

}  // namespace

PROXY_TEST(events_arrive_one_by_one) {
  for (const std::string framing : {"Transfer-Encoding: chunked\r\n", "Content-Length: 75\r\n", ""}) {
    for (const bool forward : {false, true}) {
      Turns received;
      ScriptedOrigin origin([&](OriginConnection& connection) {
        connection.readRequest();
        connection.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" + framing + "\r\n");
        const bool chunked = framing.starts_with("T");
        for (int number = 1; number <= kEvents && received.waitFor(number - 1); ++number) {
          connection.write(chunked ? chunk(event(number)) : event(number));
        }
        if (chunked) connection.write("0\r\n\r\n");
      });
      const Proxies proxies(mpm, origin);
      RawClient client(proxies.httpd.port());
      client.send("GET " + proxies.target(forward, "/") + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      readEvents(client, received);
      BOOST_TEST(!client.readToEnd().timedOut);
    }
  }
}

PROXY_TEST(response_head_arrives_before_any_body) {
  Turns received;
  ScriptedOrigin origin([&](OriginConnection& connection) {
    connection.readRequest();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
    if (received.waitFor(1)) connection.write("body");
  });
  const Proxies proxies(mpm, origin);
  RawClient client(proxies.httpd.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  BOOST_TEST(client.readHead().starts_with("HTTP/1.1 200"));
  received.done(1);
  BOOST_TEST(client.readToEnd().data == "body");
}

PROXY_TEST(chunked_upload_arrives_piece_by_piece) {
  for (const bool forward : {false, true}) {
    Turns arrived;
    ScriptedOrigin origin([&](OriginConnection& connection) {
      const std::string head = connection.readHead();
      int pieces = 0;
      connection.readBody(head, [&](std::string_view) { arrived.done(++pieces); });
      connection.write(okResponse("all " + std::to_string(pieces)));
    });
    const Proxies proxies(mpm, origin);
    RawClient client(proxies.httpd.port());
    client.send("POST " + proxies.target(forward, "/") +
                " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int number = 1; number <= kEvents; ++number) {
      client.send(chunk(event(number)));
      BOOST_REQUIRE(arrived.waitFor(number));
    }
    client.send("0\r\n\r\n");
    BOOST_TEST(client.readToEnd().data.ends_with("all " + std::to_string(kEvents)));
  }
}

PROXY_TEST(sized_upload_arrives_piece_by_piece) {
  for (const bool forward : {false, true}) {
    Turns arrived;
    ScriptedOrigin origin([&](OriginConnection& connection) {
      connection.readHead();
      for (int number = 1; number <= kEvents; ++number) {
        connection.readExactly(event(number).size());
        arrived.done(number);
      }
      connection.write(okResponse("all"));
    });
    const Proxies proxies(mpm, origin);
    RawClient client(proxies.httpd.port());
    client.send("PUT " + proxies.target(forward, "/") +
                " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " +
                std::to_string(kEvents * event(1).size()) + "\r\n\r\n");
    for (int number = 1; number <= kEvents; ++number) {
      client.send(event(number));
      BOOST_REQUIRE(arrived.waitFor(number));
    }
    BOOST_TEST(client.readToEnd().data.ends_with("all"));
  }
}

// Such a response is not chunked, for the connection closes behind it: only a reset says that it is not whole.
PROXY_TEST(response_that_breaks_off_while_its_request_is_sent_does_not_look_whole) {
  ScriptedOrigin origin([](OriginConnection& connection) {
    connection.readHead();
    connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    connection.readChunk();
    connection.close();
  });
  Proxies proxies(mpm, origin);
  proxies.httpd.expectLog("broken-body: .*\\(the response had begun\\)");
  RawClient client(proxies.httpd.port());
  client.send("POST " + proxies.target(false, "/") + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.readUntil("hello");
  client.send("5\r\nfirst\r\n");
  BOOST_TEST(client.readToEnd().reset);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest

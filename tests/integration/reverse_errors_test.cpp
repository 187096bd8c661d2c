// Backends that fail: the status that the client gets, the word in the error log that tells one failure from another,
// and that a response which breaks off never looks complete.
#include <atomic>
#include <future>

#include "tests/integration/support/client.h"
#include "tests/integration/support/http_text.h"
#include "tests/integration/support/port.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(reverse_errors)

namespace {

constexpr std::size_t kShortPage = 2000;

// Answers each connection's first request with these bytes and closes.
ScriptedOrigin::Script writingAndClosing(std::string bytes) {
  return [bytes = std::move(bytes)](OriginConnection& connection) {
    if (connection.readRequest() && !bytes.empty()) connection.write(bytes);
  };
}

// What the client and the log say when the backend is at that address.
void expectFailure(Mpm mpm, const std::string& url, long status, const std::string& word,
                   const std::string& directives = "") {
  BOOST_TEST_CONTEXT(word << " from " << url) {
    Httpd httpd(mpm);
    httpd.configure(directives + "RevProxyPass /x " + url + "\n");
    httpd.start();
    Client client;
    const Response response = client.get(httpd.url("/x"));
    BOOST_TEST(response.status == status);
    BOOST_TEST(response.complete());
    BOOST_TEST(response.bodySize < kShortPage);
    httpd.requireLog("\\b" + word + "\\b");
    BOOST_TEST(httpd.errorLog().linesMatching("\\b" + word + "\\b").size() == 1U);
  }
}

void expectBrokenHead(Mpm mpm, const std::string& head, const std::string& word) {
  ScriptedOrigin origin(writingAndClosing(head));
  expectFailure(mpm, origin.url("/x"), 502, word);
}

}  // namespace

PROXY_TEST(refused_connection_is_503) {
  const RefusingPort port;
  expectFailure(mpm, port.url(), 503, "refused");
}

PROXY_TEST(unresolvable_name_is_502) {
  expectFailure(mpm, "http://no-such-host.invalid", 502, "unresolvable");
}

PROXY_TEST(connect_timeout_is_504) {
  const SilentPort port;
  expectFailure(mpm, port.url(), 504, "connect-timeout", "RevProxyConnectTimeout 300ms\n");
  expectFailure(mpm, port.url() + " connectiontimeout=300ms", 504, "connect-timeout");
}

PROXY_TEST(no_response_in_time_is_504) {
  ScriptedOrigin origin([](OriginConnection& connection) {
    connection.readRequest();
    connection.waitForClose();
  });
  expectFailure(mpm, origin.url(), 504, "first-byte-timeout", "RevProxyTimeout 300ms\n");
  expectFailure(mpm, origin.url() + " timeout=300ms", 504, "first-byte-timeout");
}

PROXY_TEST(closing_without_an_answer_is_502) {
  expectBrokenHead(mpm, "", "closed-early");
}

PROXY_TEST(head_that_breaks_off_is_502) {
  expectBrokenHead(mpm, "HTTP/1.1 200 OK\r\nContent-Le", "closed-early|malformed-response");
}

PROXY_TEST(malformed_head_is_502) {
  for (const std::string head :
       {"this is not HTTP at all\r\n\r\n", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nBad Name: x\r\nContent-Length: 0\r\n\r\n"}) {
    expectBrokenHead(mpm, head, "malformed-response");
  }
}

PROXY_TEST(oversized_head_is_502) {
  expectBrokenHead(mpm, "HTTP/1.1 200 OK\r\nX-Large: " + std::string(70'000, 'x') + "\r\nContent-Length: 0\r\n\r\n",
                   "oversized-head");
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int index = 0; index < 5000; ++index) many += "X-Many-" + std::to_string(index) + ": xxxxxxxx\r\n";
  expectBrokenHead(mpm, many + "Content-Length: 0\r\n\r\n", "oversized-head");
}

PROXY_TEST(how_large_a_head_may_be_can_be_said) {
  ScriptedOrigin origin(ScriptedOrigin::answering([](const OriginRequest& request) {
    std::string fields;
    for (int index = std::stoi(request.header("X-Fields").value_or("0")); index > 1; --index) fields += "X-Many: x\r\n";
    return okResponse("", fields);  // with Content-Length
  }));
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / " + origin.url("/") +
                  "\n<Location /few>\nRevProxyResponseFieldLimit 10\n</Location>\n" +
                  "<Location /many>\nRevProxyResponseFieldLimit 1000\n</Location>\n"
                  "<Location /small>\nRevProxyResponseFieldLimit 1000 1k\n</Location>\n");
  httpd.start();
  Client client;
  const auto status = [&](const std::string& path, int fields) {
    return client.get(httpd.url(path), {"X-Fields: " + std::to_string(fields)}).status;
  };
  BOOST_TEST(status("/", 300) == 200);
  BOOST_TEST(status("/", 301) == 502);
  BOOST_TEST(status("/few", 10) == 200);
  BOOST_TEST(status("/few", 11) == 502);
  httpd.requireLog("oversized-head: the response head has more than 10 fields; .*RevProxyResponseFieldLimit");
  BOOST_TEST(status("/many", 1000) == 200);
  BOOST_TEST(status("/many", 1001) == 502);
  BOOST_TEST(status("/small", 50) == 200);
  BOOST_TEST(status("/small", 200) == 502);
  httpd.requireLog("oversized-head: the response head has more than 1024 bytes");
  httpd.expectLog("oversized-head");
}

PROXY_TEST(large_head_below_the_limit_passes) {
  std::string lines;
  for (int index = 0; index < 7; ++index)
    lines += "X-Large-" + std::to_string(index) + ": " + std::string(7000, 'x') + "\r\n";
  ScriptedOrigin origin(ScriptedOrigin::answering(okResponse("body", lines)));
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  Client client;
  const Response response = client.get(httpd.url("/"));
  BOOST_TEST(response.status == 200);
  BOOST_TEST(response.header("X-Large-6").value_or("").size() == 7000U);
}

PROXY_TEST(body_that_breaks_off_does_not_look_complete) {
  const std::vector<std::pair<std::string, std::string>> broken{
      {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", "closed-early|broken-body"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n", "closed-early|broken-body"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nonly this", "closed-early|broken-body"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\nxyz\r\n", "broken-body"}};
  for (const auto& [bytes, word] : broken) {
    ScriptedOrigin origin(writingAndClosing(bytes));
    Httpd httpd(mpm);
    httpd.configure("RevProxyPass / " + origin.url("/") + "\n");
    httpd.start();
    Client client;
    const Response response = client.get(httpd.url("/"));
    // What is found broken before anything has left for the client may still become a whole answer that says so.
    BOOST_TEST((response.status == 502 || (response.status == 200 && !response.complete())), bytes);
    RawClient raw(httpd.port());
    raw.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const std::string answer = raw.readToEnd().data;
    BOOST_TEST(!answer.ends_with("0\r\n\r\n"), answer);
    httpd.requireLog(word);
  }
}

PROXY_TEST(body_that_stalls_does_not_look_complete) {
  ScriptedOrigin origin([](OriginConnection& connection) {
    connection.readRequest();
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
    connection.waitForClose();
  });
  Httpd httpd(mpm);
  httpd.configure("RevProxyTimeout 300ms\nRevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  Client client;
  const Response response = client.get(httpd.url("/"));
  BOOST_TEST(response.status == 200);
  BOOST_TEST(response.body == "only this");
  BOOST_TEST(!response.complete());
  httpd.requireLog("idle-timeout");
}

// A connection that the backend closed while it was idle is noticed before a request is lost on it.
PROXY_TEST(idle_connection_closed_by_the_backend_harms_nobody) {
  std::atomic<int> closed = 0;
  ScriptedOrigin origin([&](OriginConnection& connection) {
    const auto request = connection.readRequest();
    connection.write(okResponse(request->body));
    connection.close();
    ++closed;
  });
  Httpd httpd(mpm, {.children = 1, .threadsPerChild = 25, .preforkStart = 1, .preforkChildren = 4});
  httpd.configure("RevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  Client client;
  for (int round = 0; round < 20; ++round) {
    const Response response = client.post(httpd.url("/"), "round " + std::to_string(round));
    BOOST_TEST(response.status == 200);
    BOOST_TEST(response.body == "round " + std::to_string(round));
    // Between the last byte and its closing the connection is not idle yet, and nobody could know better.
    waitUntil([&] { return closed > round; });
  }
  BOOST_TEST(origin.requests().size() == 20U);
}

// What a backend may have acted upon is not sent again.
PROXY_TEST(post_is_never_sent_twice) {
  ScriptedOrigin origin([](OriginConnection& connection) {
    while (const auto request = connection.readRequest()) {
      if (request->method() == "POST") return;
      connection.write(okResponse("kept"));
    }
  });
  Httpd httpd(mpm, {.children = 1, .threadsPerChild = 25, .preforkStart = 1, .preforkChildren = 4});
  httpd.configure("RevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  Client client;
  BOOST_TEST(client.get(httpd.url("/")).body == "kept");
  BOOST_TEST(client.post(httpd.url("/"), "once").status == 502);
  BOOST_TEST(origin.requests().size() == 2U);
  httpd.requireLog("closed-early");
}

PROXY_TEST(client_that_goes_away_is_noticed) {
  std::promise<void> noticed;
  ScriptedOrigin origin([&](OriginConnection& connection) {
    connection.readRequest();
    connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    try {
      while (true) connection.write("400\r\n" + std::string(0x400, 'x') + "\r\n");
    } catch (const std::exception&) {
      noticed.set_value();
    }
  });
  Httpd httpd(mpm);
  httpd.configure("RevProxyPass / " + origin.url("/") + "\n");
  httpd.start();
  RawClient client(httpd.port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  client.readExactly(10'000);
  client.reset();
  BOOST_TEST((noticed.get_future().wait_for(kPatience) == std::future_status::ready));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest

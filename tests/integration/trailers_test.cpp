// Trailers of responses (RFC 9110 6.5, RFC 9112 7.1.2): that they reach the client, and what may not stand in them.
#include <mutex>
#include <sstream>
#include <thread>

#include "tests/integration/support/content.h"
#include "tests/integration/support/http_text.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"
#include "tests/integration/support/wait_until.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(trailers)

namespace {

constexpr std::uint64_t kSeed = 3;
const std::string kTrailers =
    "X-Checksum: 0a1B2c\r\nx-lower-Case: a, b;c=\"d e\"\r\nX-Checksum: second\r\nX-Empty: \r\n";

std::string chunk(const std::string& data) {
  std::ostringstream text;
  text << std::hex << data.size() << "\r\n" << data << "\r\n";
  return text.str();
}

std::string head(const std::string& fields = "") {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\nTrailer: X-Checksum\r\n" +
         fields + "\r\n";
}

// What came with chunked framing: the body, and the text between its last chunk and the empty line.
struct Chunked {
  std::string head;
  std::string body;
  std::string trailers;
};

Chunked readChunked(RawClient& client) {
  Chunked got{client.readHead(), "", ""};
  const std::string framing = headerValue(parseHeaders(got.head), "Transfer-Encoding").value_or("none");
  BOOST_TEST(framing == "chunked", got.head);
  if (framing != "chunked") {
    client.close();
    return got;
  }
  while (true) {
    const std::size_t size = std::stoul(client.readUntil("\r\n"), nullptr, 16);
    if (size == 0) break;
    got.body += client.readExactly(size);
    client.readExactly(2);
  }
  for (std::string line = client.readUntil("\r\n"); line != "\r\n"; line = client.readUntil("\r\n"))
    got.trailers += line;
  return got;
}

// Answers with that body in chunks of that size, and with those trailers.
ScriptedOrigin::Script answeringWithTrailers(std::string body, std::size_t chunkSize, std::string trailers) {
  return ScriptedOrigin::answering([=](const OriginRequest&) {
    std::string answer = head();
    for (std::size_t place = 0; place < body.size(); place += chunkSize) answer += chunk(body.substr(place, chunkSize));
    return answer + "0\r\n" + trailers + "\r\n";
  });
}

struct Bench {
  Bench(Mpm mpm, ScriptedOrigin::Script script, const std::string& more = "", const std::string& module = "")
      : origin(std::move(script)), httpd(mpm) {
    if (!module.empty()) httpd.loadModule(module);
    httpd.configure("FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\n" + more + "RevProxyPass / " +
                    origin.url("/") + "\n");
    httpd.start();
  }
  std::string get(bool forward, const std::string& fields = "", const std::string& version = "1.1") const {
    return "GET " + (forward ? origin.url("/x") : "/x") + " HTTP/" + version + "\r\nHost: proxytest\r\n" + fields +
           "\r\n";
  }

  ScriptedOrigin origin;
  Httpd httpd;
};

}  // namespace

PROXY_TEST_ALL(trailers_of_a_response_stand_behind_its_last_chunk) {
  for (const std::uint64_t size : {0U, 5U, 10'000U, 300'000U}) {
    const std::string body = makeContent(kSeed, size);
    const Bench bench(mpm, answeringWithTrailers(body, 7000, kTrailers));
    for (const bool forward : {false, true}) {
      RawClient client(bench.httpd.port());
      for (int round = 0; round < 3; ++round) {
        client.send(bench.get(forward));
        const Chunked got = readChunked(client);
        BOOST_TEST(hashOf(got.body) == hashOf(body));
        BOOST_TEST(got.trailers == kTrailers, "of " << size << " bytes");
        BOOST_TEST(headerValue(parseHeaders(got.head), "Trailer").value_or("") == "X-Checksum");
        if (got.trailers.empty()) break;
      }
    }
  }
}

// The body is at the client before the trailers are made.
PROXY_TEST_ALL(trailers_of_a_stream_come_when_it_ends) {
  std::mutex turn;
  turn.lock();
  const Bench bench(mpm, [&](OriginConnection& connection) {
    connection.readRequest();
    connection.write(head() + chunk("first"));
    const std::lock_guard received(turn);
    connection.write("0\r\n");
    connection.write(kTrailers);
    connection.write("\r\n");
    connection.waitForClose();
  });
  RawClient client(bench.httpd.port());
  client.send(bench.get(false));
  client.readHead();
  BOOST_TEST(client.readUntil("first\r\n") == "5\r\nfirst\r\n");
  BOOST_TEST(client.staysSilent(std::chrono::milliseconds{100}));
  turn.unlock();
  BOOST_TEST(client.readUntil("\r\n\r\n") == "0\r\n" + kTrailers + "\r\n");
}

PROXY_TEST_ALL(trailers_stand_behind_a_body_that_was_compressed) {
  for (const std::string& body : {std::string("hello"), std::string(300'000, 'a'), makeContent(kSeed, 300'000)}) {
    const Bench bench(mpm, answeringWithTrailers(body, 9000, kTrailers), "SetOutputFilter DEFLATE\n", "deflate");
    RawClient client(bench.httpd.port());
    for (int round = 0; round < 2; ++round) {
      client.send(bench.get(false, "Accept-Encoding: gzip\r\n"));
      const Chunked got = readChunked(client);
      BOOST_TEST(headerValue(parseHeaders(got.head), "Content-Encoding").value_or("") == "gzip", got.head);
      BOOST_TEST(got.trailers == kTrailers, "of " << body.size() << " bytes");
      if (got.trailers.empty()) break;
      BOOST_TEST(got.body.starts_with("\x1f\x8b"));
    }
  }
}

// What is kept for it goes out before them.
PROXY_TEST_ALL(slow_reader_gets_trailers) {
  const std::string body = makeContent(kSeed, 800'000);
  for (const std::string buffer : {"Off", "64k", "2M"}) {
    const Bench bench(mpm, answeringWithTrailers(body, 30'000, kTrailers),
                      "SendBufferSize 16384\nRevProxyBuffer " + buffer + "\n");
    RawClient client(bench.httpd.port(), 4096);
    for (int round = 0; round < 2; ++round) {
      client.send(bench.get(false));
      std::this_thread::sleep_for(std::chrono::milliseconds{200});
      const Chunked got = readChunked(client);
      BOOST_TEST(hashOf(got.body) == hashOf(body));
      BOOST_TEST(got.trailers == kTrailers);
    }
  }
}

// RFC 9110 6.5.1: what frames the message, or says who asks for what, is not believed so late.
PROXY_TEST_ALL(forbidden_trailers_go_no_further) {
  for (const std::string forbidden :
       {"Set-Cookie: a=b\r\n", "Content-Type: text/html\r\n", "Content-Encoding: gzip\r\n", "Host: evil.test\r\n",
        "Authorization: Basic eA==\r\n", "Cache-Control: no-store\r\n", "Connection: close\r\n", "Trailer: X-A\r\n",
        "Keep-Alive: timeout=1\r\n"}) {
    const Bench bench(mpm, answeringWithTrailers("hello", 5, "X-Before: 1\r\n" + forbidden + "X-Behind: 2\r\n"));
    RawClient client(bench.httpd.port());
    for (int round = 0; round < 2; ++round) {
      client.send(bench.get(false));
      const Chunked got = readChunked(client);
      BOOST_TEST(got.body == "hello");
      BOOST_TEST(got.trailers == "X-Before: 1\r\nX-Behind: 2\r\n", "with " << forbidden << "came " << got.trailers);
    }
  }
}

// A second framing behind the first one: whether that is overlooked or refused, nobody gets to see it.
PROXY_TEST_ALL(framing_in_a_trailer_frames_nothing) {
  for (const std::string framing : {"Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n"}) {
    Bench bench(mpm, answeringWithTrailers("hello", 5, framing + "X-Behind: 2\r\n"));
    bench.httpd.expectLog("broken-body");
    RawClient client(bench.httpd.port());
    client.send(bench.get(false, "Connection: close\r\n"));
    const std::string answer = client.readToEnd().data;
    const std::string rest = answer.substr(answer.find("\r\n\r\n"));
    BOOST_TEST(rest.find(framing) == std::string::npos, answer);
    if (answer.starts_with("HTTP/1.1 200")) BOOST_TEST(rest.ends_with("0\r\nX-Behind: 2\r\n\r\n"), answer);
    if (!answer.starts_with("HTTP/1.1 200")) BOOST_TEST(answer.starts_with("HTTP/1.1 502"), answer);
  }
}

PROXY_TEST(old_client_gets_no_trailers) {
  const Bench bench(mpm, answeringWithTrailers("hello", 5, kTrailers));
  for (const bool forward : {false, true})
    for (const std::string fields : {"", "Connection: keep-alive\r\n"}) {
      RawClient client(bench.httpd.port());
      client.send(bench.get(forward, fields, "1.0"));
      BOOST_TEST(client.readToEnd().data.ends_with("\r\n\r\nhello"));
    }
}

// There is no place for them behind a response that has none, and nothing is left of them for the next one.
PROXY_TEST(head_has_no_trailers) {
  const Bench bench(mpm, [](OriginConnection& connection) {
    while (const auto request = connection.readRequest())
      connection.write(request->method() == "HEAD" ? head() : okResponse("next"));
  });
  RawClient client(bench.httpd.port());
  client.send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n");
  client.readHead();
  client.send("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  BOOST_TEST(client.readHead().starts_with("HTTP/1.1 200"));
  BOOST_TEST(client.readToEnd().data == "next");
}

PROXY_TEST_ALL(response_that_breaks_off_has_no_trailers) {
  for (const std::string rest : {"", "0\r\n", "0\r\nX-Checksum: 0a\r\n", "0\r\nX-Checksum: 0a1B2c\r\nX-Half"}) {
    Bench bench(mpm, [&](OriginConnection& connection) {
      if (connection.readRequest()) connection.write(head() + chunk("hello") + rest);
    });
    RawClient client(bench.httpd.port());
    client.send(bench.get(false));
    const RawClient::Ending ending = client.readToEnd();
    BOOST_TEST(!ending.timedOut);
    bench.httpd.requireLog("closed-early|broken-body");
    // Whatever was not on its way yet may have become an error page, which is whole.
    if (ending.data.starts_with("HTTP/1.1 502")) continue;
    BOOST_TEST(ending.data.find("X-Checksum: 0a") == std::string::npos, ending.data);
    BOOST_TEST(!ending.data.ends_with("0\r\n\r\n"), ending.data);
  }
}

PROXY_TEST_ALL(te_trailers_is_said_anew) {
  const Bench bench(mpm, showingHeads());
  for (const bool forward : {false, true}) {
    for (const std::string te :
         {"TE: trailers\r\nConnection: TE\r\n", "TE: gzip;q=0.5, Trailers\r\nConnection: TE\r\n"}) {
      RawClient client(bench.httpd.port());
      client.send(bench.get(forward, te));
      client.readHead();
      const std::string seen = client.readUntil("\r\n\r\n");
      BOOST_TEST(seen.find("\r\nTE: trailers\r\n") != std::string::npos, seen);
      BOOST_TEST(seen.find("\r\nConnection: TE\r\n") != std::string::npos, seen);
      BOOST_TEST(seen.find("gzip") == std::string::npos, seen);
    }
    for (const std::string te : {"", "TE: gzip\r\nConnection: TE\r\n"}) {
      RawClient client(bench.httpd.port());
      client.send(bench.get(forward, te));
      client.readHead();
      const std::string seen = client.readUntil("\r\n\r\n");
      BOOST_TEST(seen.find("\r\nTE:") == std::string::npos, seen);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest

// Where messages begin and end, on both sides of the reverse proxy: bodies that are not there, chunked ones, ones that
// end with the connection, interim responses, and answers that come before the request is over.
#include "tests/integration/support/client.h"
#include "tests/integration/support/content.h"
#include "tests/integration/support/http_text.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(message_framing)

namespace {

std::string mappingTo(const ScriptedOrigin& origin) {
  return "RevProxyPass / " + origin.url("/") + "\n";
}

ScriptedOrigin::Script answeringOnceAndClosing(std::string response) {
  return [response = std::move(response)](OriginConnection& connection) {
    if (connection.readRequest()) connection.write(response);
  };
}

}  // namespace

// Each is followed by another request on the same connection: a body taken for one where there is none would show.
PROXY_TEST(responses_without_a_body) {
  ScriptedOrigin origin(ScriptedOrigin::answering([](const OriginRequest& request) -> std::string {
    if (request.method() == "HEAD") return "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nX-Head: yes\r\n\r\n";
    if (request.target() == "/204") return "HTTP/1.1 204 No Content\r\nX-Empty: yes\r\n\r\n";
    if (request.target() == "/304") return "HTTP/1.1 304 Not Modified\r\nETag: \"e\"\r\n\r\n";
    if (request.target() == "/0") return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    return okResponse("whole");
  }));
  Httpd httpd(mpm);
  httpd.configure(mappingTo(origin));
  httpd.start();
  Client client;
  const Response head = client.perform({.url = httpd.url("/x"), .method = "HEAD"});
  BOOST_TEST(head.status == 200);
  BOOST_TEST(head.header("X-Head").value_or("") == "yes");
  BOOST_TEST(head.header("Content-Length").value_or("1000") == "1000");
  BOOST_TEST(client.get(httpd.url("/x")).body == "whole");
  BOOST_TEST(client.get(httpd.url("/204")).status == 204);
  BOOST_TEST(client.get(httpd.url("/x")).body == "whole");
  BOOST_TEST(client.get(httpd.url("/304"), {"If-None-Match: \"e\""}).status == 304);
  BOOST_TEST(client.get(httpd.url("/x")).body == "whole");
  const Response empty = client.get(httpd.url("/0"));
  BOOST_TEST(empty.status == 200);
  BOOST_TEST(empty.complete());
  BOOST_TEST(client.get(httpd.url("/x")).body == "whole");
}

PROXY_TEST(chunked_response_comes_whole) {
  ScriptedOrigin origin(
      ScriptedOrigin::answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                "5\r\nhello\r\n1;extension=\"x\"\r\n \r\n0005\r\nworld\r\n0\r\nX-Trailer: 1\r\n\r\n"));
  Httpd httpd(mpm);
  httpd.configure(mappingTo(origin));
  httpd.start();
  Client client;
  for (int round = 0; round < 2; ++round) {
    const Response response = client.get(httpd.url("/x"));
    BOOST_TEST(response.complete());
    BOOST_TEST(response.body == "hello world");
  }
}

PROXY_TEST(response_that_ends_with_the_connection) {
  const std::string content = makeContent(1, 100'000);
  for (const std::string version : {"HTTP/1.0", "HTTP/1.1"}) {
    ScriptedOrigin origin(answeringOnceAndClosing(version + " 200 OK\r\nContent-Type: text/plain\r\n\r\n" + content));
    Httpd httpd(mpm);
    httpd.configure(mappingTo(origin));
    httpd.start();
    Client client;
    for (int round = 0; round < 2; ++round) {
      const Response response = client.get(httpd.url("/x"));
      BOOST_TEST(response.complete());
      BOOST_TEST(hashOf(response.body) == hashOf(content));
    }
  }
}

PROXY_TEST(old_client_gets_no_chunks) {
  ScriptedOrigin origin(
      ScriptedOrigin::answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
  Httpd httpd(mpm);
  httpd.configure(mappingTo(origin));
  httpd.start();
  RawClient client(httpd.port());
  client.send("GET /x HTTP/1.0\r\nHost: asked.test\r\n\r\n");
  const RawClient::Ending answer = client.readToEnd();
  BOOST_TEST(!answer.reset);
  BOOST_TEST(answer.data.ends_with("\r\n\r\nhello"));
  BOOST_TEST(answer.data.find("chunked") == std::string::npos);
}

PROXY_TEST(uploads_of_any_framing_come_whole) {
  ScriptedOrigin origin(
      ScriptedOrigin::answering([](const OriginRequest& request) { return okResponse(hashOf(request.body)); }));
  Httpd httpd(mpm);
  httpd.configure(mappingTo(origin));
  httpd.start();
  Client client;
  for (const std::uint64_t size : {0U, 1U, 8191U, 8192U, 65536U, 1'000'001U}) {
    BOOST_TEST(client.post(httpd.url("/sized"), makeContent(size, size)).body == hashOfContent(size, size));
    ContentStream stream(size, size);
    const auto read = [&](char* buffer, std::size_t capacity) { return stream.read(buffer, capacity); };
    const Response response = client.perform({.url = httpd.url("/chunked"), .method = "PUT", .upload = read});
    BOOST_TEST(response.body == hashOfContent(size, size));
  }
}

PROXY_TEST(client_that_waits_for_100_gets_it) {
  ScriptedOrigin origin(
      ScriptedOrigin::answering([](const OriginRequest& request) { return okResponse("got " + request.body); }));
  Httpd httpd(mpm);
  httpd.configure(mappingTo(origin));
  httpd.start();
  RawClient client(httpd.port());
  for (int round = 0; round < 2; ++round) {
    client.send("PUT /x HTTP/1.1\r\nHost: asked.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    BOOST_TEST(client.readHead().starts_with("HTTP/1.1 100"));
    client.send("hello");
    BOOST_TEST(client.readHead().starts_with("HTTP/1.1 200"));
    BOOST_TEST(client.readExactly(9) == "got hello");
  }
}

PROXY_TEST(interim_responses_do_not_answer) {
  ScriptedOrigin origin(ScriptedOrigin::answering(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n" + okResponse("final")));
  Httpd httpd(mpm);
  httpd.configure(mappingTo(origin));
  httpd.start();
  Client client;
  for (int round = 0; round < 2; ++round) {
    const Response response = client.get(httpd.url("/x"));
    BOOST_TEST(response.status == 200);
    BOOST_TEST(response.body == "final");
  }
}

PROXY_TEST(pipelined_requests_are_answered_in_order) {
  ScriptedOrigin origin(
      ScriptedOrigin::answering([](const OriginRequest& request) { return okResponse(request.target()); }));
  Httpd httpd(mpm);
  httpd.configure(mappingTo(origin));
  httpd.start();
  RawClient client(httpd.port());
  client.send(
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string answers = client.readToEnd().data;
  const std::size_t first = answers.find("\r\n\r\n/1");
  const std::size_t second = answers.find("\r\n\r\n/2");
  BOOST_TEST(first != std::string::npos);
  BOOST_TEST(second != std::string::npos);
  BOOST_TEST(first < second);
  BOOST_TEST(answers.ends_with("\r\n\r\n/3"));
}

// Two lengths in one request are how requests are smuggled past a proxy: the backend may see one of them at most.
PROXY_TEST(two_lengths_never_reach_the_backend) {
  ScriptedOrigin origin(ScriptedOrigin::answering(okResponse("answer")));
  Httpd httpd(mpm);
  httpd.configure(mappingTo(origin));
  httpd.expectLog("AH0[0-9]+.*(Content-Length|Transfer-Encoding)");
  httpd.start();
  for (const std::string lines :
       {"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 4\r\nContent-Length: 30\r\n",
        "Transfer-Encoding: chunked, identity\r\n", "Content-Length: +4\r\n"}) {
    RawClient client(httpd.port());
    client.send("POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + lines + "\r\n0\r\n\r\nGET /smuggled ");
    client.finishSending();
    client.readToEnd();
  }
  for (const OriginRequest& request : origin.requests()) {
    BOOST_TEST(headerValues(request.headers(), "Content-Length").size() +
                   headerValues(request.headers(), "Transfer-Encoding").size() <=
               1U);
    BOOST_TEST(request.target() == "/x");
  }
}

// An origin may answer and close without having read the upload: the client must see the answer all the same.
PROXY_TEST(answer_before_the_upload_is_over) {
  ScriptedOrigin origin([](OriginConnection& connection) {
    connection.readHead();
    connection.write("HTTP/1.1 413 Too Large\r\nContent-Length: 8\r\nConnection: close\r\n\r\ntoo much");
    connection.finishSending();
    while (!connection.waitForClose()) connection.readExactly(1);
  });
  Httpd httpd(mpm);
  httpd.configure(mappingTo(origin));
  httpd.start();
  RawClient client(httpd.port());
  client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + std::string(1000, 'x'));
  BOOST_TEST(client.readHead().starts_with("HTTP/1.1 413"));
  BOOST_TEST(client.readExactly(8) == "too much");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest

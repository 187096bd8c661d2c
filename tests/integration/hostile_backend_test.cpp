// A table of backends that lie, break off, and never stop (hostile/): what the client gets for each, and that the next
// request on the same client connection gets its own answer, from a connection that is to be trusted.
#include "tests/integration/hostile/hostile_origin.h"
#include "tests/integration/hostile/hostile_row.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_answer.h"
#include "tests/integration/support/raw_client.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(hostile_backend)

namespace {

using Verdict = HostileRow::Verdict;

std::string configurationFor(const HostileOrigin& origin) {
  return "RevProxyPass /row " + origin.url("/row") + "\nRevProxyPass /hasty " + origin.url("/row") +
         " timeout=1s\nRevProxyPass /good " + origin.url("/good") + "\n";
}

constexpr const char* kForwardConfiguration = "FwdProxyRequests On\nFwdProxyAllow 127.0.0.1:1-65535\nFwdProxyVia Off\n";

enum class Through { kReverse, kForward };

std::string request(const std::string& method, const std::string& path) {
  return method + " " + path + " HTTP/1.1\r\nHost: asked.test\r\n\r\n";
}

bool isClosed(RawClient& client) {
  const RawClient::Ending ending = client.readToEnd();
  return !ending.timedOut && ending.data.empty();
}

class Play {
 public:
  Play(HostileOrigin& origin, const Httpd& httpd, Through through, const HostileRow& row)
      : origin_(origin),
        httpd_(httpd),
        through_(through),
        row_(row),
        client_(std::make_unique<RawClient>(httpd.port())) {}

  void run() {
    origin_.beginRow();
    client_->send(request(row_.method, rowTarget()));
    RawAnswer answer = readAnswerHead(*client_);
    if (row_.then && !row_.late) origin_.goOn();
    readAnswerBody(*client_, answer, row_.method);
    if (row_.then && row_.late) origin_.goOn();
    BOOST_TEST(!answer.timedOut);
    check(answer);
    checkLog();
    askAgain();
  }

 private:
  std::string rowTarget() const {
    if (through_ == Through::kForward) return origin_.url("/row/" + row_.name);
    return (row_.hasty ? "/hasty/" : "/row/") + row_.name;
  }

  void check(const RawAnswer& answer) {
    BOOST_TEST(answer.status() == row_.status);
    switch (row_.verdict) {
      case Verdict::kWhole:
        return checkWhole(answer);
      case Verdict::kRefused:
        return checkRefused(answer);
      case Verdict::kBroken:
        return checkBroken(answer);
    }
  }

  void checkWhole(const RawAnswer& answer) {
    BOOST_TEST(answer.complete);
    BOOST_TEST((answer.body == row_.body), "the body is \"" << answer.body.substr(0, 100) << "\"");
    BOOST_TEST(answer.interim == row_.interim, boost::test_tools::per_element());
    BOOST_TEST((row_.statusLine.empty() || firstLine(answer.head) == row_.statusLine), firstLine(answer.head));
    if (const auto& [name, value] = row_.field; !name.empty())
      BOOST_TEST(answer.header(name).value_or("(none)") == value);
    checkNothingLeaked(answer);
    checkFraming(answer);
    BOOST_TEST(!answer.announcesClosing());
  }

  // RFC 9110 8.6, RFC 9112 6.1 and 6.2: one of the two, and none where there can be no body.
  static void checkFraming(const RawAnswer& answer) {
    const HeaderList headers = parseHeaders(answer.head);
    const std::size_t count =
        headerValues(headers, "Content-Length").size() + headerValues(headers, "Transfer-Encoding").size();
    BOOST_TEST(count <= (answer.status() == 204 ? 0U : 1U));
  }

  void checkRefused(const RawAnswer& answer) {
    BOOST_TEST(answer.complete);
    BOOST_TEST(answer.header("Content-Type").value_or("").starts_with("text/html"));
    checkNothingLeaked(answer);
    BOOST_TEST(!answer.announcesClosing());
  }

  void checkBroken(const RawAnswer& answer) {
    BOOST_TEST(!answer.complete);
    BOOST_TEST(answer.body.starts_with(row_.body), "the body is \"" << answer.body.substr(0, 100) << "\"");
    BOOST_TEST(isClosed(*client_));
    client_ = std::make_unique<RawClient>(httpd_.port());
  }

  static void checkNothingLeaked(const RawAnswer& answer) {
    BOOST_TEST((answer.head + answer.body).find(kSecret) == std::string::npos,
               "the client sees \"" << (answer.head + answer.body).substr(0, 1000) << "\"");
  }

  void checkLog() const {
    const std::string log = httpd_.errorLog().text();
    const std::string line = " " + rowTarget() + " -> ";
    const std::size_t place = log.find(line);
    BOOST_TEST((place == std::string::npos) == row_.word.empty(), log.substr(std::min(place, log.size()), 300));
    if (place == std::string::npos) return;
    const std::string told = log.substr(place, log.find('\n', place) - place);
    BOOST_TEST((told.find(": " + row_.word + ": ") != std::string::npos), told);
  }

  void askAgain() {
    const std::string path = "/good/behind-" + row_.name;
    client_->send(request("GET", through_ == Through::kForward ? origin_.url(path) : path));
    RawAnswer answer = readAnswerHead(*client_);
    readAnswerBody(*client_, answer);
    BOOST_TEST(answer.status() == 200);
    const std::string words = HostileOrigin::goodBody(path, 0);
    const std::string_view own = std::string_view(words).substr(0, words.size() - 1);
    BOOST_TEST(answer.complete);
    BOOST_TEST_REQUIRE(answer.body.starts_with(own), "the next answer is \"" << answer.head << answer.body << "\"");
    BOOST_TEST(origin_.hasPlayedOn(std::stoul(answer.body.substr(own.size()))) == row_.reused);
  }

  HostileOrigin& origin_;
  const Httpd& httpd_;
  Through through_;
  const HostileRow& row_;
  std::unique_ptr<RawClient> client_;
};

// One child, so that there is one pool of connections.
void play(Mpm mpm, const std::vector<HostileRow>& rows, Through through = Through::kReverse) {
  HostileOrigin origin(rows);
  Httpd httpd(mpm, {.preforkStart = 1, .preforkChildren = 1});
  httpd.expectLog(kAllTaken);
  httpd.expectLog("has sent bytes that nobody had asked for");
  httpd.expectLog(
      "(revproxy|fwdproxy):error.* -> .*: (malformed-response|oversized-head|closed-early|broken-body|"
      "first-byte-timeout|idle-timeout): ");
  httpd.configure(through == Through::kForward ? kForwardConfiguration : configurationFor(origin));
  httpd.start();
  for (const HostileRow& row : rows) {
    BOOST_TEST_CONTEXT(row.name) {
      Play(origin, httpd, through, row).run();
    }
  }
}

}  // namespace

PROXY_TEST(status_lines) {
  play(mpm, statusLineRows());
}

PROXY_TEST(interim_responses) {
  play(mpm, interimRows());
}

PROXY_TEST(fields) {
  play(mpm, fieldRows());
}

PROXY_TEST(sizes_of_heads) {
  play(mpm, headSizeRows());
}

PROXY_TEST(lengths) {
  play(mpm, lengthRows());
}

PROXY_TEST(transfer_codings) {
  play(mpm, codingRows());
}

PROXY_TEST(chunks) {
  play(mpm, chunkRows());
}

PROXY_TEST(last_chunks_and_trailers) {
  play(mpm, lastChunkRows());
}

PROXY_TEST(endings) {
  play(mpm, endingRows());
}

PROXY_TEST(what_comes_behind_a_response) {
  play(mpm, surplusRows());
}

// But for those that wait for a limit of time, which the forward proxy has for all of its requests alone.
PROXY_TEST_EVENT(all_through_the_forward_proxy) {
  std::vector<HostileRow> all;
  for (const auto& rows : {statusLineRows(), interimRows(), fieldRows(), headSizeRows(), lengthRows(), codingRows(),
                           chunkRows(), lastChunkRows(), endingRows(), surplusRows()})
    all.insert(all.end(), rows.begin(), rows.end());
  std::erase_if(all, [](const HostileRow& row) { return row.hasty; });
  BOOST_TEST(all.size() > 200U);
  play(mpm, all, Through::kForward);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest

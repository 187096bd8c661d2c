// Ten thousand generated targets through a backend that shows what it was asked for: it gets the path that httpd has
// judged, in the form of RFC 3986, or nothing; and never two requests where one was sent.
#include <random>

#include "tests/integration/support/http_text.h"
#include "tests/integration/support/proxy_test.h"
#include "tests/integration/support/raw_client.h"
#include "tests/integration/support/scripted_origin.h"

namespace proxytest {

BOOST_AUTO_TEST_SUITE(path_bytes)

namespace {

constexpr unsigned kSeed = 20261126;
constexpr int kTargets = 10'000;

using Pieces = std::vector<std::string>;

// What may stand in a target, and plays a part in where it leads.
const Pieces& goodPieces() {
  static const Pieces pieces = {"a",   "B9",     "/",   "/",         "//",  "/./", "/../", "..",       ".",
                                "%2e", "%2E%2e", "%41", "%7e",       "%20", "%3F", "%23",  "%25",      "%3b",
                                ";",   "..;",    "%c3", "%E2%82%AC", ":",   "@",   "&=+",  "*~'",      "!$(",
                                ",",   "%5C",    "%22", "%252e",     "-_",  "app", "/app", "%25%32%65"};
  return pieces;
}
// What may not, or is refused by httpd itself.
const Pieces& badPieces() {
  static const Pieces pieces = {
      "%2F",  "%2F",  "%2F",      "%2F",
      "%2F",  "%2f",  "%00",      "%",
      "%zz",  "%4",   "#",        " ",
      "\t",   "\\",   "\"",       "<",
      "|^`{", "\x80", "\xff\xfe", "\r",
      "\x01", "\x7f", "%0d%0a",   "%20HTTP/1.1%0D%0A%0D%0AGET%20/smuggled%20HTTP/1.1%0d%0aHost:%20x%0d%0a%0d%0a"};
  return pieces;
}

struct Target {
  std::string path;
  std::string query;  // with its "?"
  bool isGood = true;
};

class Generator {
 public:
  Target next() {
    Target target{prefixes_[pick(prefixes_.size())], "", true};
    const bool mayBeBad = pick(3) == 0;
    for (std::size_t count = pick(8); count > 0; --count) target.path += piece(target, mayBeBad);
    if (pick(3) == 0) target.query = "?a=" + piece(target, mayBeBad) + "/../" + piece(target, false);
    return target;
  }

 private:
  std::size_t pick(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }
  const std::string& piece(Target& target, bool mayBeBad) {
    const bool bad = mayBeBad && pick(2) == 0;
    target.isGood = target.isGood && !bad;
    const Pieces& pieces = bad ? badPieces() : goodPieces();
    return pieces[pick(pieces.size())];
  }

  std::mt19937 random_{kSeed};
  Pieces prefixes_{"/plain", "/plain/", "/raw/", "/raw", "/other/../plain/", "/%70lain/"};
};

int hexDigit(char c) {
  const std::size_t place = std::string_view("0123456789abcdef").find(static_cast<char>(std::tolower(c)));
  return place == std::string_view::npos ? -1 : static_cast<int>(place);
}

// The byte that a text of "%XX" begins with; -1 where it begins with none.
int encodedByte(std::string_view text) {
  if (text.size() < 3 || text[0] != '%' || hexDigit(text[1]) < 0 || hexDigit(text[2]) < 0) return -1;
  return hexDigit(text[1]) * 16 + hexDigit(text[2]);
}

bool isUnreserved(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || std::string_view("-._~").find(c) != std::string_view::npos;
}

// RFC 3986 6.2.2: unreserved characters decoded, what may not stand in a path encoded, all other escapes as they came.
std::string normalCharacters(std::string_view path) {
  constexpr std::string_view kAllowed = "-._~!$&'()*+,;=:@/%";
  std::string result;
  while (!path.empty()) {
    const int byte = encodedByte(path);
    const char c = byte >= 0 ? static_cast<char>(byte) : path.front();
    if (byte >= 0 && !isUnreserved(c)) {
      result += path.substr(0, 3);
    } else if (isUnreserved(c) || kAllowed.find(c) != std::string_view::npos) {
      result += c;
    } else {
      char escape[4];
      std::snprintf(escape, sizeof escape, "%%%02X", static_cast<unsigned char>(c));
      result += escape;
    }
    path.remove_prefix(byte >= 0 ? 3 : 1);
  }
  return result;
}

// Slashes merged and dot segments removed; nothing where they lead above the root.
std::optional<std::string> normalSegments(std::string_view path) {
  std::vector<std::string_view> segments;
  bool isFolder = true;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    isFolder = end < path.size() || segment == "." || segment == "..";
    path.remove_prefix(std::min(end + 1, path.size()));
    if (segment.empty() || segment == ".") continue;
    if (segment == "..") {
      if (segments.empty()) return std::nullopt;
      segments.pop_back();
    } else {
      segments.push_back(segment);
    }
  }
  std::string result;
  for (const std::string_view segment : segments) result.append("/").append(segment);
  return isFolder ? result + "/" : result;
}

std::string decoded(std::string_view path) {
  std::string result;
  while (!path.empty()) {
    const int byte = encodedByte(path);
    result += byte >= 0 ? static_cast<char>(byte) : path.front();
    path.remove_prefix(byte >= 0 ? 3 : 1);
  }
  return result;
}

// What the backend is to be asked for; nothing where the path leads to no mapping.
std::optional<std::string> behindMapping(std::string_view path) {
  for (const std::string_view prefix : {"/plain", "/raw"}) {
    const std::string_view rest = path.substr(std::min(prefix.size(), path.size()));
    if (path.starts_with(prefix) && (rest.empty() || rest.front() == '/'))
      return (prefix == "/plain" ? "/base" : "/raw-base") + std::string(rest);
  }
  return std::nullopt;
}

// Where the path leads as httpd reads it.
std::optional<std::string> expectedPath(const std::string& path, bool decodesSlashes) {
  auto judged = normalSegments(normalCharacters(path));
  if (judged && decodesSlashes) judged = normalSegments(decoded(*judged));
  return judged ? behindMapping(*judged) : std::nullopt;
}

struct Answer {
  std::string status;
  std::string target;  // that the backend was asked for, where it was
};

// One client that keeps its connection for as long as httpd does.
class Asker {
 public:
  explicit Asker(const Httpd& httpd) : httpd_(httpd) {}

  Answer ask(const std::string& target) {
    if (!client_) client_.emplace(httpd_.port());
    client_->send("GET " + target + " HTTP/1.1\r\nHost: x.test\r\n\r\n");
    const std::string head = client_->readHead();
    const HeaderList headers = parseHeaders(head);
    const auto length = headerValue(headers, "Content-Length");
    Answer answer{firstLine(head).substr(9, 3), length ? client_->readExactly(std::stoul(*length)) : ""};
    const bool closes = equalsIgnoringCase(headerValue(headers, "Connection").value_or(""), "close");
    if (closes || !length) client_.reset();
    return answer;
  }

 private:
  const Httpd& httpd_;
  std::optional<RawClient> client_;
};

// All targets through one httpd, with what it does about %2F.
class Trial {
 public:
  Trial(Mpm mpm, const std::string& encodedSlashes) : httpd_(mpm), decodesSlashes_(encodedSlashes == "On") {
    httpd_.expectLog("path-refused|request-refused|AH[0-9]*: .*(URI|URL|request)");
    httpd_.configure("AllowEncodedSlashes " + encodedSlashes + "\nRevProxyPass /plain " + origin_.url("/base") +
                     "\nRevProxyPass /raw " + origin_.url("/raw-base") + " nocanon\n");
    httpd_.start();
  }

  void run() {
    Generator generator;
    Asker asker(httpd_);
    for (int count = 0; count < kTargets; ++count) {
      const Target target = generator.next();
      const Answer answer = asker.ask(target.path + target.query);
      BOOST_TEST_CONTEXT("\"" << target.path << target.query << "\" gave " << answer.status << " " << answer.target) {
        judge(target, answer);
      }
    }
    BOOST_TEST(origin_.requests().size() == passed_);
    BOOST_TEST(passed_ > kTargets / 4U);
    BOOST_TEST(passedRaw_ > kTargets / 50U);
  }
  std::size_t passedWithSlash() const { return passedWithSlash_; }

 private:
  void judge(const Target& target, const Answer& answer) {
    const auto expected = expectedPath(target.path, decodesSlashes_);
    const bool isRaw = expected && expected->starts_with("/raw-base");
    if (answer.status != "200") {
      BOOST_TEST((!expected || isRaw || !target.isGood), "a good path was refused");
      return;
    }
    ++passed_;
    BOOST_REQUIRE(expected.has_value());
    const std::string sent = answer.target.substr(0, answer.target.find('?'));
    if (target.isGood) BOOST_TEST(answer.target == sent + target.query);
    if (isRaw) BOOST_TEST(sent == "/raw-base" + target.path.substr(4));
    passedRaw_ += isRaw ? 1 : 0;
    passedWithSlash_ += sent.find("%2F") != std::string::npos ? 1 : 0;
    if (decodesSlashes_) {
      BOOST_TEST(decoded(sent) == *expected);
    } else {
      BOOST_TEST((isRaw ? normalCharacters(sent) : sent) == *expected);
    }
  }

  ScriptedOrigin origin_{
      ScriptedOrigin::answering([](const OriginRequest& request) { return okResponse(request.target()); })};
  Httpd httpd_;
  bool decodesSlashes_;
  std::size_t passed_ = 0;
  std::size_t passedRaw_ = 0;
  std::size_t passedWithSlash_ = 0;
};

}  // namespace

PROXY_TEST_EVENT(the_backend_gets_the_judged_path_or_nothing) {
  Trial trial(mpm, "Off");
  trial.run();
  BOOST_TEST(trial.passedWithSlash() == 0U);
}

PROXY_TEST_EVENT(an_encoded_slash_is_judged_and_sent_as_one) {
  Trial trial(mpm, "NoDecode");
  trial.run();
  BOOST_TEST(trial.passedWithSlash() > 100U);
}

PROXY_TEST_EVENT(a_decoded_slash_is_judged_and_sent_as_one) {
  Trial trial(mpm, "On");
  trial.run();
  BOOST_TEST(trial.passedWithSlash() > 100U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest

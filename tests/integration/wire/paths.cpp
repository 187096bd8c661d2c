// Request targets through the reverse proxy: how prefix and base path join, and what is kept as it was sent
// (docs/directives.md, "How a path finds its backend").
#include "tests/integration/wire/wire_row.h"

namespace proxytest {

namespace {

WireRow path(const std::string& name, const std::string& sent, const std::string& golden,
             WireRow::To to = WireRow::To::kServer) {
  return {.name = "path-" + name,
          .sent = "GET " + sent + " HTTP/1.1\nHost: asked.test\n\n",
          .golden = "GET " + golden + " HTTP/1.1\nHost: {origin}\n\n",
          .to = to};
}

}  // namespace

std::vector<WireRow> pathRows() {
  const std::string kLong(7000, 'p');
  return {
      path("of-the-prefix-alone", "/plain", "/"),
      path("of-the-prefix-and-a-slash", "/plain/", "/"),
      path("of-the-prefix-and-a-query", "/plain?q=1", "/?q=1"),
      path("to-a-base-with-slash", "/slash/y", "/base/y"),
      path("to-a-base-with-slash-alone", "/slash", "/base/"),
      path("to-a-base", "/base/y", "/base/y"),
      path("to-a-base-alone", "/base", "/base"),
      path("to-a-base-and-a-slash", "/base/", "/base/"),
      path("from-a-slash-to-a-base", "/below/y", "/base/y"),
      path("with-a-slash-behind", "/plain/x/", "/x/"),
      path("with-reserved-encoded", "/plain/a%20b%3Fc%23d%25e%5Bf", "/a%20b%3Fc%23d%25e%5Bf"),
      path("with-reserved-as-they-are", "/plain/a!$&'()*+,;=:@b", "/a!$&'()*+,;=:@b"),
      path("with-what-may-not-stand-there", "/plain/a\"b<c>d|e^f`g{h}i[j]k\\l",
           "/a%22b%3Cc%3Ed%7Ce%5Ef%60g%7Bh%7Di%5Bj%5Dk%5Cl"),
      path("with-parameters", "/plain/a;v=1/b;c?d;e", "/a;v=1/b;c?d;e"),
      path("with-encoded-slashes", "/plain/a%2Fb%2fc", "/a%2Fb%2fc"),
      path("with-utf-8", "/plain/%E2%82%AC/%c3%a4", "/%E2%82%AC/%c3%a4"),
      path("with-raw-utf-8", "/plain/\xc3\xa4?q=\xe2\x82\xac", "/%C3%A4?q=%E2%82%AC"),
      path("with-dots", "/plain/a/./b/../c", "/a/c"),
      path("with-encoded-dots", "/plain/a/%2e/b/%2E%2e/c", "/a/c"),
      path("with-dots-in-names", "/plain/.a/b../...", "/.a/b../..."),
      path("with-double-slashes", "/plain//a///b", "/a/b"),
      path("with-double-slashes-kept", "/plain/a//b", "/a//b", WireRow::To::kSlashes),
      path("with-an-empty-query", "/plain/x?", "/x?"),
      path("with-a-query-of-marks", "/plain/x?a=b&c=/d?e:f@g%20h+i%2Fj", "/x?a=b&c=/d?e:f@g%20h+i%2Fj"),
      path("with-a-query-of-odd-marks", R"(/plain/x?a[]=1&b={c}|d^e`f"g<h>\i)", R"(/x?a[]=1&b={c}|d^e`f"g<h>\i)"),
      path("with-a-query-that-is-not-encoded-well", "/plain/x?100%&%zz=%", "/x?100%&%zz=%"),
      path("with-dots-in-its-query", "/plain/x?a=/../b//c", "/x?a=/../b//c"),
      path("that-is-long", "/plain/" + kLong, "/" + kLong),
      path("with-a-query-that-is-long", "/plain/x?" + kLong, "/x?" + kLong),
      // 9112 3.2.2: it names this server, and its host rules over Host.
      {"path-in-absolute-form", "GET http://httpd.test:{proxy}/plain/x?q HTTP/1.1\nHost: asked.test\n\n",
       "GET /x?q HTTP/1.1\nHost: {origin}\n\n"},
  };
}

}  // namespace proxytest

// Backends: which URLs and parameters may be written, and how a target is put together.
#include "mod_revproxy/backend.h"

#include <boost/test/unit_test.hpp>

#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace revproxy;

BOOST_AUTO_TEST_SUITE(backend)

namespace {

Result<Backend> parsed(std::string_view url, std::vector<std::string> parameters = {}) {
  return parseBackend(url, parameters);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_backend_is_read_from_its_url) {
  struct Row {
    std::string_view url;
    std::string_view host;
    int port;
    bool tls;
    std::string_view authority;
    std::string_view basePath;
  };
  const Row rows[] = {
      {"http://backend", "backend", 80, false, "backend", "/"},
      {"http://backend/", "backend", 80, false, "backend", "/"},
      {"HTTP://Backend.:80/", "backend", 80, false, "backend", "/"},
      {"http://backend:8080/base", "backend", 8080, false, "backend:8080", "/base"},
      {"https://backend/a/b/", "backend", 443, true, "backend", "/a/b/"},
      {"https://backend:80", "backend", 80, true, "backend:80", "/"},
      {"http://[2001:DB8::1]:8080/x", "2001:db8::1", 8080, false, "[2001:db8::1]:8080", "/x"},
      {"ws://backend/chat", "backend", 80, false, "backend", "/chat"},
      {"wss://backend/chat", "backend", 443, true, "backend", "/chat"},
      {"http://127.0.0.1/a b%20c", "127.0.0.1", 80, false, "127.0.0.1", "/a%20b%20c"},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.url) {
      const auto backend = parsed(row.url);
      BOOST_REQUIRE_EQUAL(outcomeOf(backend), "done");
      BOOST_TEST(backend->host == row.host);
      BOOST_TEST(backend->port == row.port);
      BOOST_TEST(backend->tls == row.tls);
      BOOST_TEST(backend->authority == row.authority);
      BOOST_TEST(backend->basePath == row.basePath);
      BOOST_TEST(backend->origin() == (row.tls ? "https://" : "http://") + std::string{row.authority});
    }
}

BOOST_AUTO_TEST_CASE(http2_is_chosen_by_scheme_or_alpn) {
  const auto clear = parsed("h2c://backend/a");
  BOOST_REQUIRE_EQUAL(outcomeOf(clear), "done");
  BOOST_TEST(clear->http2);
  BOOST_TEST(!clear->tls);
  BOOST_TEST(clear->port == 80);
  BOOST_TEST(clear->origin() == "h2c://backend");
  for (const auto& secure : {parsed("h2://backend"), parsed("https://backend", {"alpn=h2"}),
                             parsed("h2://backend", {"alpn=h2", "upgrade=none"})}) {
    BOOST_REQUIRE_EQUAL(outcomeOf(secure), "done");
    BOOST_TEST(secure->http2);
    BOOST_TEST(secure->tls);
    BOOST_TEST(secure->port == 443);
    BOOST_TEST(secure->origin() == "h2://backend");
  }
  BOOST_TEST(!parsed("https://backend")->http2);
}

BOOST_AUTO_TEST_CASE(what_may_not_be_written_is_refused_with_what_to_write_instead) {
  struct Row {
    std::string_view url;
    std::vector<std::string> parameters;
    std::string_view message;
  };
  const Row rows[] = {
      {"", {}, "write SCHEME://HOST[:PORT][/PATH]"},
      {"backend:8080", {}, "write SCHEME://HOST[:PORT][/PATH]"},
      {"/path", {}, "write SCHEME://HOST[:PORT][/PATH]"},
      {"!", {}, "or ! to exclude the path"},
      {"http://", {}, "write SCHEME://HOST[:PORT][/PATH]"},
      {"http://user@backend/", {}, "is no host"},
      {"http://backend:0/", {}, "number from 1 to 65535"},
      {"http://backend:65536/", {}, "number from 1 to 65535"},
      {"http://127.1/", {}, "all four parts"},
      {"http://::1/", {}, "write SCHEME://HOST[:PORT][/PATH]"},
      {"unix:/run/a.sock", {}, "write unix:/PATH|http://NAME/"},
      {"unix:run/a.sock|http://name/", {}, "is not absolute"},
      {"unix:|http://name/", {}, "is not absolute"},
      {"unix:/run/a.sock|", {}, "is not valid"},
      {"unix:/run/a.sock|name", {}, "unix:/PATH|SCHEME://NAME"},
      {"unix:/run/a.sock|ftp://name/", {}, "unknown scheme \"ftp\""},
      {"unix:/run/a.sock|unix:/b|http://name/", {}, "is not valid"},
      {"http://backend|unix:/run/a.sock", {}, "is no host"},
      {"unix://run/a.sock", {}, "write unix:/PATH|http://NAME/"},
      {"ftp://backend/", {}, "unknown scheme \"ftp\""},
      {"ajp://backend/", {}, "http, https, ws, wss, h2, h2c"},
      {"http://backend/?x=y", {}, "query or a fragment"},
      {"http://backend/#x", {}, "query or a fragment"},
      {"http://backend?x", {}, "query or a fragment"},
      {"http://backend/", {"timeout"}, "write KEY=VALUE"},
      {"http://backend/", {"=5"}, "write KEY=VALUE"},
      {"http://backend/",
       {"colour=5"},
       "timeout, connectiontimeout, send-timeout, first-byte-timeout, idle-timeout, total-timeout, expect-timeout, "
       "max, "
       "acquire, smax, ttl, disablereuse, enablereuse, keepalive, retry, retry-post, upgrade, request-buffer, "
       "half-close, cache, cache-store, nocanon, alpn"},
      {"http://backend/", {"max=0"}, "max= takes a number of connections from 1 up"},
      {"http://backend/", {"retry=x"}, "or 0"},
      {"http://backend/", {"retry-post=on"}, "key or Off"},
      {"http://backend/", {"timeout=0"}, "timeout= takes a duration such as 500ms or 10s, not \"0\""},
      {"http://backend/", {"timeout="}, "takes a duration"},
      {"http://backend/", {"ttl=x"}, "takes a duration"},
      {"http://backend/", {"connectiontimeout=-1"}, "takes a duration"},
      {"http://backend/", {"smax=-1"}, "takes a number of connections"},
      {"http://backend/", {"smax=1000001"}, "takes a number of connections"},
      {"http://backend/", {"disablereuse=yes"}, "takes On or Off"},
      {"http://backend/", {"upgrade="}, "takes protocols such as websocket, separated by commas, or None"},
      {"http://backend/", {"upgrade=h2c"}, "takes protocols"},
      {"ws://backend/", {"upgrade=web socket"}, "takes protocols"},
      {"http://backend/", {"request-buffer=0"}, "takes a size such as 64k or 1M"},
      {"http://backend/", {"request-buffer=64kb"}, "takes a size"},
      {"http://backend/", {"half-close=1"}, "takes On or Off"},
      {"http://backend/", {"half-close"}, "write KEY=VALUE"},
      {"http://backend/", {"cache=memory"}, "cache= takes On or Off"},
      {"http://backend/", {"cache"}, "write KEY=VALUE"},
      {"http://backend/", {"cache-store="}, "cache-store= takes the name of a RevProxyCacheStore"},
      {"http://backend/", {"nocanon=yes"}, "nocanon= takes On or Off, or stands alone"},
      {"http://backend/", {"timeout=5", "smax=x"}, "takes a number of connections"},
      {"http://backend/", {"alpn=h2"}, "write it with https, not with http"},
      {"wss://backend/", {"alpn=h2"}, "leave upgrade= out"},
      {"https://backend/", {"alpn=http/1.1"}, "alpn= takes h2"},
      {"h2c://backend/", {"upgrade=websocket"}, "changes to no other protocol"},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.url) {
      const auto backend = parsed(row.url, row.parameters);
      BOOST_REQUIRE(!backend);
      BOOST_TEST(backend.error().detail.find(row.message) != std::string::npos, backend.error().detail);
    }
}

BOOST_AUTO_TEST_CASE(parameters_are_read_and_the_last_of_a_kind_holds) {
  const auto backend =
      parsed("http://backend/", {"timeout=500ms", "ConnectionTimeout=2", "ttl=1min", "smax=0", "disablereuse=on",
                                 "timeout=3s", "upgrade=websocket,foo/1", "request-buffer=64k", "half-close=On"});
  BOOST_REQUIRE_EQUAL(outcomeOf(backend), "done");
  const BackendParameters& parameters = backend->parameters;
  BOOST_TEST(parameters.timeout.value().count() == 3000);
  BOOST_TEST(parameters.connectionTimeout.value().count() == 2000);
  BOOST_TEST(parameters.ttl.value().count() == 60'000);
  BOOST_TEST(parameters.smax.value() == 0u);
  BOOST_TEST(parameters.disableReuse.value());
  BOOST_TEST(parameters.upgrade.value() == "websocket, foo/1");
  BOOST_TEST(parameters.requestBuffer.value() == 65'536u);
  BOOST_TEST(parameters.halfClose.value());
  const BackendParameters unset = parsed("http://backend/")->parameters;
  BOOST_TEST(!unset.timeout.isSet());
  BOOST_TEST(!unset.upgrade.isSet());
  BOOST_TEST(!unset.requestBuffer.isSet());
  BOOST_TEST(!unset.halfClose.isSet());
  BOOST_TEST(!unset.noCanon.isSet());
}

// As ProxyPass has it.
BOOST_AUTO_TEST_CASE(nocanon_stands_alone_or_with_a_switch) {
  for (const std::string word : {"nocanon", "NoCanon", "nocanon=On"})
    BOOST_TEST(parsed("http://backend/", {word})->parameters.noCanon.value(), word);
  BOOST_TEST(!parsed("http://backend/", {"nocanon", "nocanon=off"})->parameters.noCanon.value());
}

// Who writes ws means it, unless something else is written.
BOOST_AUTO_TEST_CASE(a_websocket_scheme_is_http_that_may_change_to_it) {
  BOOST_TEST(parsed("ws://backend/")->parameters.upgrade.value() == "websocket");
  BOOST_TEST(parsed("wss://backend/")->parameters.upgrade.value() == "websocket");
  BOOST_TEST(parsed("ws://backend/", {"upgrade=None"})->parameters.upgrade.value() == "");
  BOOST_TEST(parsed("ws://backend/", {"upgrade=foo"})->parameters.upgrade.value() == "foo");
}

BOOST_AUTO_TEST_CASE(a_socket_stands_before_the_url_and_the_name_is_the_urls) {
  const auto backend = parsed("unix:/run/an odd name.sock|http://name.test/base", {"timeout=1s"});
  BOOST_REQUIRE_EQUAL(outcomeOf(backend), "done");
  BOOST_TEST(backend->socketPath == "/run/an odd name.sock");
  BOOST_TEST(backend->authority == "name.test");
  BOOST_TEST(backend->basePath == "/base");
  BOOST_TEST(backend->origin() == "unix:/run/an odd name.sock|http://name.test");
  BOOST_TEST(parsed("UNIX:/s|https://name.test:8443/")->authority == "name.test:8443");
  BOOST_TEST(parsed("unix:/s|https://name.test/")->tls);
  BOOST_TEST(parsed("unix:/s|ws://name.test/")->parameters.upgrade.value() == "websocket");
  BOOST_TEST(parsed("http://backend/")->socketPath == "");
  const std::string longest = "/" + std::string(106, 'x');
  BOOST_TEST(parsed("unix:" + longest + "|http://name.test/")->socketPath == longest);
  const auto tooLong = parsed("unix:" + longest + "x|http://name.test/");
  BOOST_REQUIRE(!tooLong);
  BOOST_TEST(tooLong.error().detail.find("107 at most") != std::string::npos, tooLong.error().detail);
}

BOOST_AUTO_TEST_CASE(exactly_one_slash_stands_where_base_and_remainder_meet) {
  struct Row {
    std::string_view url;
    std::string_view remainder;
    std::string_view target;
  };
  const Row rows[] = {
      {"http://b", "", "/"},
      {"http://b", "/", "/"},
      {"http://b", "/x", "/x"},
      {"http://b", "x", "/x"},
      {"http://b/base", "", "/base"},
      {"http://b/base", "/", "/base/"},
      {"http://b/base", "/x", "/base/x"},
      {"http://b/base", "x", "/base/x"},
      {"http://b/base/", "", "/base/"},
      {"http://b/base/", "/x", "/base/x"},
      {"http://b/base/", "x", "/base/x"},
      {"http://b/base/", "//x", "/base//x"},
      {"http://b/base", "/%2Fx", "/base/%2Fx"},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.url << " and " << row.remainder) {
      BOOST_TEST(joinedPath(parsed(row.url)->basePath, row.remainder) == row.target);
    }
}

BOOST_AUTO_TEST_CASE(parameters_of_the_pool_are_read_in_mod_proxys_units) {
  const auto backend =
      parsed("http://backend/", {"acquire=1500", "retry=0", "max=3", "enablereuse=Off", "retry-post=key"});
  BOOST_REQUIRE(backend);
  BOOST_TEST(backend->parameters.acquire.value().count() == 1500);
  BOOST_TEST(backend->parameters.retry.value().count() == 0);
  BOOST_TEST(backend->parameters.max.value() == 3U);
  BOOST_TEST(backend->parameters.disableReuse.value());
  BOOST_TEST(backend->parameters.retryPost.value());
  BOOST_TEST(parsed("http://backend/", {"acquire=2s"})->parameters.acquire.value().count() == 2000);
  BOOST_TEST(parsed("http://backend/", {"retry=2"})->parameters.retry.value().count() == 2000);
}

// Each key by itself: one that merged() forgets would be set in vain by RevProxySet.
BOOST_AUTO_TEST_CASE(what_the_place_says_holds_where_the_mapping_says_nothing) {
  const std::vector<std::string> keys{"timeout=1",
                                      "connectiontimeout=1",
                                      "send-timeout=1",
                                      "first-byte-timeout=1",
                                      "idle-timeout=1",
                                      "total-timeout=1",
                                      "expect-timeout=1",
                                      "max=1",
                                      "acquire=1",
                                      "smax=1",
                                      "ttl=1",
                                      "disablereuse=On",
                                      "keepalive=Off",
                                      "retry=1",
                                      "retry-post=key",
                                      "upgrade=websocket",
                                      "request-buffer=1",
                                      "half-close=On",
                                      "nocanon",
                                      "alpn=h2"};
  std::size_t set = 0;
  for (const std::string& key : keys) {
    BackendParameters outer;
    BOOST_REQUIRE(outer.set(key));
    const BackendParameters merged = BackendParameters::merged(outer, {});
    set += merged.timeout.isSet() + merged.connectionTimeout.isSet() + merged.sendTimeout.isSet() +
           merged.firstByteTimeout.isSet() + merged.idleTimeout.isSet() + merged.totalTimeout.isSet() +
           merged.expectTimeout.isSet() + merged.max.isSet() + merged.acquire.isSet() + merged.smax.isSet() +
           merged.ttl.isSet() + merged.disableReuse.isSet() + merged.keepAlive.isSet() + merged.retry.isSet() +
           merged.retryPost.isSet() + merged.upgrade.isSet() + merged.requestBuffer.isSet() + merged.halfClose.isSet() +
           merged.noCanon.isSet() + merged.alpn.isSet();
  }
  BOOST_TEST(set == keys.size());
  BackendParameters outer;
  BackendParameters inner;
  BOOST_REQUIRE(outer.set("timeout=1") && inner.set("timeout=2"));
  BOOST_TEST(BackendParameters::merged(outer, inner).timeout.value().count() == 2000);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest

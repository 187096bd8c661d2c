// Signatures against the vectors of RFC 4231, base64url against those of RFC 4648.
#include "common/base/signature.h"

#include <boost/test/unit_test.hpp>
#include <charconv>

namespace proxytest {

using namespace proxycommon;

BOOST_AUTO_TEST_SUITE(signature)

namespace {

std::string fromHex(std::string_view hex) {
  std::string bytes;
  for (; hex.size() >= 2; hex.remove_prefix(2)) {
    int value = 0;
    std::from_chars(hex.data(), hex.data() + 2, value, 16);
    bytes.push_back(static_cast<char>(value));
  }
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_CASE(base64url_is_that_of_rfc_4648_without_padding) {
  struct Row {
    std::string bytes;
    std::string_view text;
  };
  const Row rows[] = {{"", ""},
                      {"f", "Zg"},
                      {"fo", "Zm8"},
                      {"foo", "Zm9v"},
                      {"foob", "Zm9vYg"},
                      {"fooba", "Zm9vYmE"},
                      {"foobar", "Zm9vYmFy"},
                      {fromHex("14fb9c03d97e"), "FPucA9l-"},
                      {fromHex("14fb9c03d9"), "FPucA9k"},
                      {fromHex("14fb9c03"), "FPucAw"},
                      {fromHex("fbff"), "-_8"},
                      {fromHex("000000"), "AAAA"},
                      {fromHex("ffffff"), "____"}};
  for (const Row& row : rows) BOOST_TEST(base64Url(row.bytes) == row.text);
}

BOOST_AUTO_TEST_CASE(signatures_are_those_of_rfc_4231) {
  struct Row {
    std::string key;
    std::string text;
    std::string_view digest;
  };
  const std::string longKey(131, '\xaa');
  const Row rows[] = {
      {std::string(20, '\x0b'), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {fromHex("0102030405060708090a0b0c0d0e0f10111213141516171819"), std::string(50, '\xcd'),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {longKey, "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {longKey,
       "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
       "hashed "
       "before being used by the HMAC algorithm.",
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
  for (const Row& row : rows) BOOST_TEST(sign(row.key, row.text) == base64Url(fromHex(row.digest)));
}

BOOST_AUTO_TEST_CASE(a_signature_that_is_cut_is_the_front_of_the_whole) {
  const std::string whole = sign(std::string(20, '\x0c'), "Test With Truncation");
  BOOST_TEST(whole.size() == 43u);
  BOOST_TEST(whole.substr(0, 20) == base64Url(fromHex("a3b6167473100ee06e0c796c2955552b").substr(0, 15)));
}

BOOST_AUTO_TEST_CASE(an_empty_key_or_text_is_a_key_or_text) {
  BOOST_TEST(sign("", "") == base64Url(fromHex("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")));
  BOOST_TEST(sign("", "") == sign({}, {}));
  sign("another", "text");
  BOOST_TEST(sign("", "") != sign("another", ""));
}

BOOST_AUTO_TEST_CASE(secrets_compare_by_length_and_every_byte) {
  BOOST_TEST(isSameSecret("", ""));
  BOOST_TEST(isSameSecret("abc", "abc"));
  for (const char* other : {"", "ab", "abcd", "xbc", "axc", "abx"}) BOOST_TEST(!isSameSecret("abc", other));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest

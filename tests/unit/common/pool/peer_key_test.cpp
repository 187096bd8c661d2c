// Keys of peers: equal only where every part is.
#include "common/pool/peer_key.h"

#include <boost/test/unit_test.hpp>
#include <vector>

namespace proxytest {

using proxycommon::PeerKey;

BOOST_AUTO_TEST_SUITE(peer_key)

BOOST_AUTO_TEST_CASE(keys_with_the_same_concatenation_but_different_parts_differ) {
  using namespace std::string_view_literals;
  const std::vector<PeerKey> keys = {
      PeerKey{"ab", "c"}, PeerKey{"a", "bc"},    PeerKey{"abc"},
      PeerKey{"abc", ""}, PeerKey{"", "abc"},    PeerKey{"a", "b", "c"},
      PeerKey{},          PeerKey{""},           PeerKey{"", ""},
      PeerKey{"1:a"},     PeerKey{"a1:b", "c"},  PeerKey{"a", "b1:c"},
      PeerKey{"a\0b"sv},  PeerKey{"a", "\0b"sv}, PeerKey{"c", "ab"},
      PeerKey{"ABC"},     PeerKey{"3:abc"},      PeerKey{"3", "abc"},
      PeerKey{"2:ab1:c"}, PeerKey{"a:", "b"},    PeerKey{"a", ":b"},
  };
  for (std::size_t left = 0; left < keys.size(); ++left)
    for (std::size_t right = 0; right < keys.size(); ++right)
      BOOST_TEST((keys[left] == keys[right]) == (left == right), left << " and " << right);
}

BOOST_AUTO_TEST_CASE(equal_parts_give_equal_keys_with_equal_hashes) {
  const std::string host = "example.com";
  BOOST_TEST((PeerKey{"http", host} == PeerKey{"http", "example.com"}));
  BOOST_TEST(proxycommon::PeerKeyHash{}(PeerKey{"http", host}) ==
             proxycommon::PeerKeyHash{}(PeerKey{"http", "example.com"}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest

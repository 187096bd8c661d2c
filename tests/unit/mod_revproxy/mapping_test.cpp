// Mappings: the longest prefix wins, at the boundaries of segments, whatever the order of the lines.
#include "mod_revproxy/mapping.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <random>

#include "tests/unit/support/printing.h"

namespace proxytest {

using namespace revproxy;

BOOST_AUTO_TEST_SUITE(mapping)

namespace {

MappingTable tableOf(const std::vector<std::string>& prefixes) {
  MappingTable table;
  for (const std::string& prefix : prefixes)
    BOOST_TEST(outcomeOf(table.add({prefix, nullptr, "conf:" + prefix})) == "done");
  return table;
}

std::string found(const MappingTable& table, std::string_view path) {
  const Mapping* mapping = table.find(path);
  return mapping ? mapping->prefix : "none";
}

// What the documentation says, word for word.
bool coversByTheBook(const std::string& prefix, const std::string& path) {
  if (path == prefix) return true;
  const std::string below = prefix.ends_with('/') ? prefix : prefix + "/";
  return path.compare(0, below.size(), below) == 0;
}
std::string foundByTheBook(const std::vector<std::string>& prefixes, const std::string& path) {
  std::string longest = "none";
  for (const std::string& prefix : prefixes)
    if (coversByTheBook(prefix, path) && (longest == "none" || prefix.size() > longest.size())) longest = prefix;
  return longest;
}

// Paths that collide often: few letters, empty segments, slashes at the end.
class Paths {
 public:
  std::string next() {
    std::string path = "/";
    for (int segments = pick(5); segments > 0; --segments) {
      for (int letters = pick(3); letters > 0; --letters) path.push_back("ab"[pick(2)]);
      if (segments > 1 || pick(2) == 0) path.push_back('/');
    }
    return path;
  }

 private:
  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  std::mt19937 random_{12345};
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_longest_prefix_wins_whatever_the_order_of_the_lines) {
  std::vector<std::string> prefixes = {"/", "/app", "/app/", "/app/images", "/app/images/icons/"};
  std::sort(prefixes.begin(), prefixes.end());
  do {
    const MappingTable table = tableOf(prefixes);
    BOOST_TEST(found(table, "/app/images/icons/x.png") == "/app/images/icons/");
    BOOST_TEST(found(table, "/app/images/icons") == "/app/images");
    BOOST_TEST(found(table, "/app/x") == "/app/");
    BOOST_TEST(found(table, "/app") == "/app");
    BOOST_TEST(found(table, "/apple") == "/");
  } while (std::next_permutation(prefixes.begin(), prefixes.end()));
}

BOOST_AUTO_TEST_CASE(a_prefix_covers_whole_segments) {
  struct Row {
    std::string_view prefix;
    std::string_view path;
    bool covered;
  };
  const Row rows[] = {
      {"/app", "/app", true},    {"/app", "/app/", true},    {"/app", "/app/x", true},
      {"/app", "/apple", false}, {"/app", "/ap", false},     {"/app", "/App", false},
      {"/app", "/x/app", false}, {"/app", "/app//x", true},  {"/app", "/app.html", false},
      {"/app/", "/app", false},  {"/app/", "/app/", true},   {"/app/", "/app/x", true},
      {"/app/", "/app//", true}, {"/", "/", true},           {"/", "/x", true},
      {"/", "//", true},         {"/", "", false},           {"/", "*", false},
      {"/app", "app", false},    {"/a b", "/a b/c", true},   {"/app", "/app?x", false},
      {"/a//b", "/a/b", false},  {"/a//b", "/a//b/c", true}, {"/a/b", "/a//b", false},
  };
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.prefix << " and " << row.path) {
      BOOST_TEST(covers(row.prefix, row.path) == row.covered);
      BOOST_TEST(found(tableOf({std::string{row.prefix}}), row.path) == (row.covered ? row.prefix : "none"));
    }
}

BOOST_AUTO_TEST_CASE(an_excluded_path_is_found_and_goes_nowhere) {
  MappingTable table;
  BOOST_TEST(outcomeOf(table.add({"/app", std::make_shared<MappedTo>(), "conf:1"})) == "done");
  BOOST_TEST(outcomeOf(table.add({"/app/static", nullptr, "conf:2"})) == "done");
  BOOST_REQUIRE(table.find("/app/static/x"));
  BOOST_TEST(!table.find("/app/static/x")->to);
  BOOST_TEST(static_cast<bool>(table.find("/app/statics")->to));
}

BOOST_AUTO_TEST_CASE(a_second_mapping_for_a_prefix_is_refused_with_the_place_of_the_first) {
  MappingTable table = tableOf({"/app"});
  const Outcome again = table.add({"/app", std::make_shared<MappedTo>(), "conf:2"});
  BOOST_REQUIRE(!again);
  BOOST_TEST(again.error().detail.find("/app is mapped already, at conf:/app") != std::string::npos);
  BOOST_TEST(!table.find("/app")->to);
}

BOOST_AUTO_TEST_CASE(a_vhost_has_its_own_mappings_and_the_servers_where_it_has_none) {
  MappingTable server = tableOf({"/", "/app"});
  MappingTable vhost;
  BOOST_TEST(outcomeOf(vhost.add({"/app", std::make_shared<MappedTo>(), "vhost:1"})) == "done");
  const MappingTable merged = MappingTable::merged(server, vhost);
  BOOST_TEST(merged.find("/app/x")->definedAt == "vhost:1");
  BOOST_TEST(merged.find("/x")->definedAt == "conf:/");
  BOOST_TEST(MappingTable::merged(server, {}).find("/app")->definedAt == "conf:/app");
  BOOST_TEST(MappingTable::merged({}, {}).empty());
}

BOOST_AUTO_TEST_CASE(an_empty_table_finds_nothing) {
  BOOST_TEST(MappingTable{}.empty());
  for (const char* path : {"", "/", "/app", "*"}) BOOST_TEST(found(MappingTable{}, path) == "none");
}

BOOST_AUTO_TEST_CASE(fifty_thousand_random_paths_find_what_the_book_says) {
  Paths random;
  for (int round = 0; round < 500; ++round) {
    std::vector<std::string> prefixes;
    for (int count = 0; count < 8; ++count) prefixes.push_back(random.next());
    std::sort(prefixes.begin(), prefixes.end());
    prefixes.erase(std::unique(prefixes.begin(), prefixes.end()), prefixes.end());
    const MappingTable table = tableOf(prefixes);
    for (int count = 0; count < 100; ++count) {
      const std::string path = random.next();
      if (found(table, path) != foundByTheBook(prefixes, path))
        BOOST_TEST(found(table, path) == foundByTheBook(prefixes, path), path);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace proxytest

// Holding a list of fields against what a row says of it.
#pragma once

#include <string>
#include <vector>

#include "tests/integration/cache/case.h"
#include "tests/integration/support/http_text.h"

namespace proxytest::cache {

// The name that an expectation of case.h's grammar is about.
std::string nameOf(const std::string& expectation);
bool isAbout(const Fields& expectations, const std::string& name);
// One line for each that is not met.
std::vector<std::string> unmet(const HeaderList& fields, const Fields& expectations);
// The end-to-end fields of the first list that the second does not have with the same value. Those that a cache makes
// itself (Age, Cache-Status, Content-Length) and those that `besides` is about are not looked at.
std::vector<std::string> changed(const HeaderList& sent, const HeaderList& received, const Fields& besides);

HeaderList listOf(const Fields& fields);

}  // namespace proxytest::cache

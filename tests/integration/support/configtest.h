// Mistakes in a configuration, and what httpd must say of them: the facts of a message, not its wording.
#pragma once

#include <string>
#include <vector>

namespace proxytest {

struct Mistake {
  std::string line;
  std::vector<std::string> said;  // regular expressions, all of which the message must match
};

// That configtest refuses the text, and says so of that line.
void expectMessage(const std::string& text, int line, const std::vector<std::string>& said);
// The same of each line by itself, behind two that are right; the message names the directive.
void expectMessages(const std::string& directive, const std::vector<Mistake>& mistakes);

}  // namespace proxytest

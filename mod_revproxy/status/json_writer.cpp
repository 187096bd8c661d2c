// JSON text from its values in order.
#include "mod_revproxy/status/json_writer.h"

#include <cstdio>

#include "mod_revproxy/status/value_text.h"

namespace revproxy {

void JsonWriter::beginValue() {
  if (!isFirst_) text_ += ',';
  isFirst_ = false;
}

void JsonWriter::begin(char bracket) {
  beginValue();
  text_ += bracket;
  isFirst_ = true;
}

void JsonWriter::end(char bracket) {
  text_ += bracket;
  isFirst_ = false;
}

void JsonWriter::quoted(std::string_view bytes) {
  text_ += '"';
  for (const char character : validUtf8(bytes)) {
    const auto code = static_cast<unsigned char>(character);
    if (code < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(code));
      text_ += escape;
      continue;
    }
    if (character == '"' || character == '\\') text_ += '\\';
    text_ += character;
  }
  text_ += '"';
}

JsonWriter& JsonWriter::name(std::string_view name) {
  beginValue();
  quoted(name);
  text_ += ':';
  isFirst_ = true;
  return *this;
}

void JsonWriter::string(std::string_view bytes) {
  beginValue();
  quoted(bytes);
}

void JsonWriter::number(const std::string& text) {
  beginValue();
  text_ += text;
}

void JsonWriter::boolean(bool value) {
  beginValue();
  text_ += value ? "true" : "false";
}

void JsonWriter::null() {
  beginValue();
  text_ += "null";
}

}  // namespace revproxy

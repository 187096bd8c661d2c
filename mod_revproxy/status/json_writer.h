// JsonWriter: JSON text (RFC 8259) from its values in order; it puts the commas and escapes the text. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace revproxy {

// Precondition of all: the calls make a value, an object's members each behind its name(), and what was begun ends.
class JsonWriter {
 public:
  JsonWriter& name(std::string_view name);

  void beginObject() { begin('{'); }
  void endObject() { end('}'); }
  void beginArray() { begin('['); }
  void endArray() { end(']'); }

  // Any bytes: what is not UTF-8 becomes U+FFFD.
  void string(std::string_view bytes);
  void number(std::uint64_t value) { number(std::to_string(value)); }
  // As decimal() writes it.
  void number(const std::string& text);
  void boolean(bool value);
  void null();

  const std::string& text() const { return text_; }

 private:
  void begin(char bracket);
  void end(char bracket);
  void beginValue();
  void quoted(std::string_view bytes);

  std::string text_;
  bool isFirst_ = true;  // nothing stands before it in its object or array, or its name does
};

}  // namespace revproxy

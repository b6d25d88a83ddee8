// Part of Maek, under the MIT licence; see LICENSE.
// Reading JSON that may be hostile: depth, string and token lengths are
// limited before a parser sees the text; no exceptions; no duplicate keys in
// trees. Writing: the escaping of strings.
#ifndef MAEK_RUNTIME_CORE_JSON_H
#define MAEK_RUNTIME_CORE_JSON_H

#include "runtime/core/Error.h"
#include <cstdint>
#include <vector>

namespace maek::runtime {

/// One JSON value with all that is in it.
struct Json {
  enum class Kind { Null, Boolean, Integer, Number, String, Array, Object };

  Kind kind = Kind::Null;
  bool boolean = false;
  int64_t integer = 0; ///< Integer
  double number = 0;   ///< Integer and Number
  std::string string;
  std::vector<Json> elements;    ///< Array: elements; Object: values
  std::vector<std::string> keys; ///< Object

  bool isString() const { return kind == Kind::String; }
  bool isInteger() const { return kind == Kind::Integer; }
  bool isNumber() const { return isInteger() || kind == Kind::Number; }
  bool isArray() const { return kind == Kind::Array; }
  bool isObject() const { return kind == Kind::Object; }
  /// The value of that key, or null.
  const Json *find(std::string_view key) const;
};

/// Hears the parts of a JSON text in their order. Values that are neither
/// array nor object come as a Json without elements.
class JsonListener {
public:
  virtual ~JsonListener() = default;
  virtual Error start(Json::Kind kind) = 0;
  virtual Error key(std::string &name) = 0;
  virtual Error value(Json &value) = 0;
  virtual Error end() = 0;
};

/// Reads `text`, which must be one JSON value with at most 32 levels and no
/// token longer than 8 MiB. Errors have the code MAEK_BAD_FILE.
Error readJson(std::string_view text, JsonListener &listener);

/// The same as a tree; a key that comes twice in an object is an error.
Expected<Json> parseJson(std::string_view text);

/// `text` as a JSON string, in quotes.
std::string quoteJson(std::string_view text);
/// `number` as JSON; null if it is infinite or not a number.
std::string numberJson(double number);

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_JSON_H

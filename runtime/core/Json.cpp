// Part of Maek, under the MIT licence; see LICENSE.
// JSON on nlohmann's event parser, behind limits of our own.
#include "runtime/core/Json.h"

#include <cmath>
#include <nlohmann/json.hpp>

using namespace maek::runtime;

const Json *Json::find(std::string_view key) const {
  for (size_t i = 0; i < keys.size(); ++i)
    if (keys[i] == key)
      return &elements[i];
  return nullptr;
}

// The parser copies each token, so their lengths bound its memory. The longest
// that must be read is a vocabulary: all of Unicode takes 4.3 MiB.
static Error checkLimits(std::string_view text) {
  constexpr size_t maxDepth = 32, maxToken = size_t{8} << 20;
  size_t depth = 0, tokenStart = 0;
  bool inString = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (i - tokenStart > maxToken)
      return makeError(MAEK_BAD_FILE, "JSON token at byte ", tokenStart,
                       " is longer than ", maxToken, " bytes");
    if (inString) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        inString = false;
      continue;
    }
    switch (c) {
    case '"':
      inString = true;
      break;
    case '{':
    case '[':
      if (++depth > maxDepth)
        return makeError(MAEK_BAD_FILE, "JSON at byte ", i,
                         " is nested deeper than ", maxDepth, " levels");
      tokenStart = i;
      break;
    case '}':
    case ']':
      depth -= depth > 0;
      [[fallthrough]];
    case ',':
    case ':':
      tokenStart = i;
      break;
    default:
      break;
    }
  }
  return Error::success();
}

namespace {
/// Carries nlohmann's events over to a listener, and its error back.
class Bridge {
public:
  using json = nlohmann::json;

  explicit Bridge(JsonListener &listener) : listener(listener) {}

  // The names are nlohmann's.
  // NOLINTBEGIN(readability-identifier-naming)
  bool null() { return pass({}); }
  bool boolean(bool boolean) {
    Json value;
    value.kind = Json::Kind::Boolean;
    value.boolean = boolean;
    return pass(std::move(value));
  }
  bool number_integer(json::number_integer_t integer) {
    Json value;
    value.kind = Json::Kind::Integer;
    value.integer = integer;
    value.number = static_cast<double>(integer);
    return pass(std::move(value));
  }
  bool number_unsigned(json::number_unsigned_t integer) {
    if (integer <= INT64_MAX)
      return number_integer(static_cast<int64_t>(integer));
    return number_float(static_cast<double>(integer), {});
  }
  bool number_float(double number, const std::string &) {
    Json value;
    value.kind = Json::Kind::Number;
    value.number = number;
    return pass(std::move(value));
  }
  bool string(std::string &string) {
    Json value;
    value.kind = Json::Kind::String;
    value.string = std::move(string);
    return pass(std::move(value));
  }
  bool binary(json::binary_t &) { return false; }
  bool start_object(size_t) { return keep(listener.start(Json::Kind::Object)); }
  bool start_array(size_t) { return keep(listener.start(Json::Kind::Array)); }
  bool key(std::string &name) { return keep(listener.key(name)); }
  bool end_object() { return keep(listener.end()); }
  bool end_array() { return keep(listener.end()); }
  bool parse_error(size_t position, const std::string &,
                   const nlohmann::detail::exception &) {
    return keep(makeError(MAEK_BAD_FILE, "malformed JSON at byte ",
                          position > 0 ? position - 1 : 0));
  }

  // NOLINTEND(readability-identifier-naming)

  Error error = Error::success();

private:
  bool keep(Error result) {
    error = std::move(result);
    return !error;
  }
  bool pass(Json value) { return keep(listener.value(value)); }

  JsonListener &listener;
};

/// Builds the tree.
class TreeBuilder : public JsonListener {
public:
  Error start(Json::Kind kind) override {
    Json value;
    value.kind = kind;
    open.push_back(place(std::move(value)));
    return Error::success();
  }
  Error key(std::string &name) override {
    if (open.back()->find(name))
      return makeError(MAEK_BAD_FILE, "key '", name, "' comes twice");
    open.back()->keys.push_back(std::move(name));
    return Error::success();
  }
  Error value(Json &value) override {
    place(std::move(value));
    return Error::success();
  }
  Error end() override {
    open.pop_back();
    return Error::success();
  }

  Json root;

private:
  // While a value is open, nothing is added to the one around it, so the
  // pointers in `open` stay good.
  Json *place(Json value) {
    if (open.empty()) {
      root = std::move(value);
      return &root;
    }
    return &open.back()->elements.emplace_back(std::move(value));
  }

  std::vector<Json *> open;
};
} // namespace

Error maek::runtime::readJson(std::string_view text, JsonListener &listener) {
  if (Error error = checkLimits(text))
    return error;
  Bridge bridge(listener);
  bool good = nlohmann::json::sax_parse(text.begin(), text.end(), &bridge);
  if (!good && !bridge.error)
    return makeError(MAEK_BAD_FILE, "malformed JSON");
  return std::move(bridge.error);
}

Expected<Json> maek::runtime::parseJson(std::string_view text) {
  TreeBuilder builder;
  if (Error error = readJson(text, builder))
    return error;
  return std::move(builder.root);
}

std::string maek::runtime::quoteJson(std::string_view text) {
  static const char hex[] = "0123456789abcdef";
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += hex[c >> 4];
      out += hex[c & 15];
    } else {
      out += c;
    }
  }
  return out += '"';
}

std::string maek::runtime::numberJson(double number) {
  return std::isfinite(number) ? text(number) : "null";
}

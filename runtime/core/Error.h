// Part of Maek, under the MIT licence; see LICENSE.
// How functions of the runtime report failure: Error and Expected, in the
// manner of LLVM's, and `text`, which builds their messages.
#ifndef MAEK_RUNTIME_CORE_ERROR_H
#define MAEK_RUNTIME_CORE_ERROR_H

#include "maek/maek.h"
#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace maek::runtime {

/// A status and its message. True means failure:
/// `if (Error error = f()) return error;`
class [[nodiscard]] Error {
public:
  Error(maek_status_t code, std::string message)
      : failure(std::make_unique<Failure>(code, std::move(message))) {}
  static Error success() { return Error(); }

  explicit operator bool() const { return failure != nullptr; }
  maek_status_t code() const { return failure ? failure->code : MAEK_OK; }
  /// Empty on success.
  std::string_view message() const {
    return failure ? std::string_view(failure->message) : std::string_view();
  }

private:
  struct Failure {
    maek_status_t code;
    std::string message;
    Failure(maek_status_t code, std::string message)
        : code(code), message(std::move(message)) {}
  };
  Error() = default;
  std::unique_ptr<Failure> failure;
};

/// A value or the reason why there is none. True means that it holds a value.
template <typename T>
class [[nodiscard]] Expected {
public:
  Expected(T value) : content(std::in_place_index<0>, std::move(value)) {}
  Expected(Error error) : content(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return content.index() == 0; }
  T &operator*() { return *std::get_if<0>(&content); }
  const T &operator*() const { return *std::get_if<0>(&content); }
  T *operator->() { return std::get_if<0>(&content); }
  const T *operator->() const { return std::get_if<0>(&content); }
  Error takeError() { return std::move(*std::get_if<1>(&content)); }

private:
  std::variant<T, Error> content;
};

void append(std::string &out, std::string_view part);
void append(std::string &out, char part);
void append(std::string &out, long long part);
void append(std::string &out, unsigned long long part);
/// The shortest decimal that reads back as the same number.
void append(std::string &out, double part);
inline void append(std::string &out, const char *part) {
  append(out, std::string_view(part));
}
inline void append(std::string &out, const std::string &part) {
  append(out, std::string_view(part));
}
template <std::signed_integral T>
void append(std::string &out, T part) {
  append(out, static_cast<long long>(part));
}
template <std::unsigned_integral T>
void append(std::string &out, T part) {
  append(out, static_cast<unsigned long long>(part));
}

/// Its arguments, written one after another: text("batch ", 128).
template <typename... Parts>
std::string text(const Parts &...parts) {
  std::string out;
  (append(out, parts), ...);
  return out;
}

template <typename... Parts>
Error makeError(maek_status_t code, const Parts &...parts) {
  return Error(code, text(parts...));
}

/// "[60000, 28, 28]", for messages.
template <typename Range>
std::string shapeText(const Range &shape) {
  std::string out = "[";
  for (const auto &size : shape) {
    if (out.size() > 1)
      out += ", ";
    append(out, size);
  }
  return out + "]";
}

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_ERROR_H

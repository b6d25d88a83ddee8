// Part of Maek, under the MIT licence; see LICENSE.
// The data sets and their arguments. Nothing that must be linked, so that the
// compiler can read them, too, and finds a wrong one before a program does.
#ifndef MAEK_RUNTIME_DATA_DATASETTABLE_H
#define MAEK_RUNTIME_DATA_DATASETTABLE_H

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace maek::runtime {

struct DatasetArgument {
  enum class Kind {
    Count,    ///< a whole number in least .. most
    Fraction, ///< a number above 0 and below 1
    Text
  };
  std::string_view name;
  int64_t least = 0, most = 0;
  Kind kind = Kind::Count;
  bool isNeeded = false;

  /// Whether a number is within the bounds. A text has none.
  bool allows(double number) const {
    if (kind == Kind::Text)
      return true;
    if (kind == Kind::Fraction)
      return number > 0 && number < 1;
    return number == std::trunc(number) &&
           number >= static_cast<double>(least) &&
           number <= static_cast<double>(most);
  }

  /// What a number must be, for a message.
  std::string bounds() const {
    if (kind == Kind::Fraction)
      return "a number between 0 and 1";
    return "a whole number from " + std::to_string(least) + " to " +
           std::to_string(most);
  }
};

struct DatasetInfo {
  std::string_view name;
  std::span<const DatasetArgument> arguments;

  /// The argument of that name, or null.
  constexpr const DatasetArgument *find(std::string_view wanted) const {
    for (const DatasetArgument &argument : arguments)
      if (argument.name == wanted)
        return &argument;
    return nullptr;
  }
};

namespace tables {
using enum DatasetArgument::Kind;

inline constexpr int64_t maxExamples = 1'000'000'000, maxLength = 1'000'000,
                         maxSymbols = 1'000'000;
inline constexpr DatasetArgument trainExamples{"n", 1, maxExamples},
    testExamples{"test", 1, maxExamples}, seed{"seed", 0, maxExamples},
    symbols{"symbols", 2, maxSymbols};

inline constexpr DatasetArgument text[] = {{"file", 0, 0, Text, true},
                                           {"length", 1, maxLength},
                                           {"stride", 1, maxLength},
                                           {"split", 0, 0, Fraction},
                                           {"unit", 0, 0, Text}};
inline constexpr DatasetArgument adding[] = {
    {"T", 2, maxLength}, trainExamples, testExamples, seed};
inline constexpr DatasetArgument copy[] = {{"length", 1, maxLength},
                                           {"delay", 1, maxLength},
                                           symbols,
                                           trainExamples,
                                           testExamples,
                                           seed};
inline constexpr DatasetArgument reordered[] = {{"T", 1, maxLength},
                                                {"shortest", 1, maxLength},
                                                symbols,
                                                trainExamples,
                                                testExamples,
                                                seed};
} // namespace tables

/// What loadDataset takes.
inline constexpr DatasetInfo datasets[] = {{"fashion_mnist", {}},
                                           {"mnist", {}},
                                           {"npy", {}},
                                           {"text", tables::text},
                                           {"adding", tables::adding},
                                           {"copy", tables::copy},
                                           {"reverse", tables::reordered},
                                           {"sort", tables::reordered}};

/// The data set of that name, whose words are joined by '_'; null if there is
/// none.
constexpr const DatasetInfo *findDataset(std::string_view name) {
  for (const DatasetInfo &info : datasets)
    if (info.name == name)
      return &info;
  return nullptr;
}

} // namespace maek::runtime

#endif // MAEK_RUNTIME_DATA_DATASETTABLE_H

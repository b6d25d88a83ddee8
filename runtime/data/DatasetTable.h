// Part of Maek, under the MIT licence; see LICENSE.
// The data sets and their arguments. Nothing but constants, so that the
// compiler can read them, too, and finds a wrong one before a program does.
#ifndef MAEK_RUNTIME_DATA_DATASETTABLE_H
#define MAEK_RUNTIME_DATA_DATASETTABLE_H

#include <cstdint>
#include <span>
#include <string_view>

namespace maek::runtime {

struct DatasetArgument {
  enum class Kind {
    Count,    ///< a whole number in least .. most
    Fraction, ///< a number above 0 and below 1
    Text
  };
  std::string_view name;
  Kind kind = Kind::Text;
  int64_t least = 0, most = 0;
  bool isNeeded = false;
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
inline constexpr DatasetArgument trainExamples{"n", Count, 1, maxExamples},
    testExamples{"test", Count, 1, maxExamples},
    seed{"seed", Count, 0, maxExamples},
    symbols{"symbols", Count, 2, maxSymbols};

inline constexpr DatasetArgument text[] = {{"file", Text, 0, 0, true},
                                           {"length", Count, 1, maxLength},
                                           {"stride", Count, 1, maxLength},
                                           {"split", Fraction},
                                           {"unit", Text}};
inline constexpr DatasetArgument adding[] = {
    {"T", Count, 2, maxLength}, trainExamples, testExamples, seed};
inline constexpr DatasetArgument copy[] = {{"length", Count, 1, maxLength},
                                           {"delay", Count, 1, maxLength},
                                           symbols,
                                           trainExamples,
                                           testExamples,
                                           seed};
inline constexpr DatasetArgument reordered[] = {
    {"T", Count, 1, maxLength},
    {"shortest", Count, 1, maxLength},
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

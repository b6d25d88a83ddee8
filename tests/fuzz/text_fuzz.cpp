// Part of Maek, under the MIT licence; see LICENSE.
// Any bytes as a text: refused, or classes that print as the same text, with a
// vocabulary that reads back as it was described. Any bytes as the symbols in a
// file of weights, too.
#include "Mutator.h"
#include "runtime/data/Text.h"

#include <cstdlib>

using namespace maek::runtime;

static void require(bool holds) {
  if (!holds)
    std::abort();
}

static void checkVocabulary(const Vocabulary &vocabulary,
                            std::string_view text) {
  Expected<std::vector<int32_t>> classes = vocabulary.encode(text, "text");
  require(bool(classes));
  std::string printed;
  for (int32_t symbol : *classes) {
    require(symbol >= 0 && symbol < vocabulary.size());
    printed += vocabulary.decode(symbol);
  }
  require(printed == text);
  Expected<std::optional<Vocabulary>> read =
      Vocabulary::read(vocabulary.describe(), "weights");
  // A text without characters has no vocabulary that is worth keeping.
  require(read ? bool(*read) : vocabulary.size() == 0);
  if (!read)
    return;
  Expected<std::vector<int32_t>> again = (*read)->encode(text, "text");
  require(again && *again == *classes);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view text(reinterpret_cast<const char *>(data), size);
  checkVocabulary(Vocabulary::ofBytes(), text);
  Expected<Vocabulary> characters = Vocabulary::ofCharacters(text, "text");
  if (characters)
    checkVocabulary(*characters, text);
  else
    require(!characters.takeError().message().empty());
  Expected<std::optional<Vocabulary>> read =
      Vocabulary::read({{"maek.text.unit", "characters"},
                        {"maek.text.symbols", std::string(text)}},
                       "weights");
  if (read && *read)
    for (int64_t i = 0; i < (*read)->size(); ++i)
      require(!(*read)->decode(static_cast<int32_t>(i)).empty());
  return 0;
}

std::vector<std::string> fuzzSeeds() {
  return {"In the beginning", "태초에 하나님이", "é\n€ \U0001F600",
          std::string("\xC0\x80\xED\xA0\x80\xF5\x80\x80\x80", 9), ""};
}

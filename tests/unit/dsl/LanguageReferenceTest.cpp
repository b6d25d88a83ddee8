// Part of Maek, under the MIT licence; see LICENSE.
// Each ```maek block of the pages for users is a valid, formatted file, without
// a warning.
#include "dsl/Frontend.h"
#include "runtime/core/AugmentTable.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace llvm;

static std::vector<std::string> getExamples(StringRef page) {
  std::vector<std::string> examples;
  auto buffer = MemoryBuffer::getFile(MAEK_SOURCE_DIR "/docs/" + page);
  if (!buffer)
    return examples;
  SmallVector<StringRef> lines;
  (*buffer)->getBuffer().split(lines, '\n');
  bool inside = false;
  for (StringRef line : lines) {
    if (line == "```maek")
      examples.emplace_back();
    else if (inside && line != "```")
      examples.back() += line.str() + "\n";
    inside = line == "```maek" || (inside && line != "```");
  }
  return examples;
}

static void checkExamples(StringRef page) {
  std::vector<std::string> examples = getExamples(page);
  ASSERT_GE(examples.size(), 5u);
  for (const std::string &example : examples) {
    std::string text;
    raw_string_ostream errors(text);
    mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
    maek::emitModel(MemoryBuffer::getMemBufferCopy(example, "example.maek"), {},
                    context, errors);
    // A library has no model to emit; everything else about it is checked.
    if (example.find("model ") == std::string::npos)
      EXPECT_EQ(StringRef(text).split('\n').first,
                "example.maek:1:1: error: the file has no model")
          << example;
    else
      EXPECT_EQ(text, "") << example;
    auto formatted = maek::formatModel(example, "example.maek", errors);
    ASSERT_TRUE(formatted) << text;
    EXPECT_EQ(*formatted, example);
  }
}

TEST(LanguageReference, examplesAreValid) { checkExamples("language.md"); }

TEST(LanguageReference, saysHowExamplesVary) {
  auto page = MemoryBuffer::getFile(MAEK_SOURCE_DIR "/docs/language.md");
  ASSERT_TRUE(page);
  for (const auto &known : maek::runtime::tables::augmentations) {
    std::string row =
        "\n| `" + std::string(known.name) + "(" + std::string(known.argument);
    EXPECT_TRUE((*page)->getBuffer().contains(row)) << row;
  }
}

TEST(FromPyTorch, examplesAreValid) { checkExamples("from-pytorch.md"); }

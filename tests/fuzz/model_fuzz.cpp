// Part of Maek, under the MIT licence; see LICENSE.
// No text crashes the front end. Run by itself it changes valid models at
// random, from a seed; built with libFuzzer, main is left out.
#include "dsl/Frontend.h"
#include "dsl/StandardLibrary.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdio>
#include <cstdlib>
#include <random>

using namespace llvm;

[[noreturn]] static void fail(StringRef what, StringRef text) {
  errs() << "model_fuzz: " << what << "\n" << text << "\n";
  std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  StringRef text(reinterpret_cast<const char *>(data), size);
  std::string errors;
  raw_string_ostream os(errors);
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  maek::FrontendOptions options;
  options.allowImports = false;
  auto module = maek::emitModel(MemoryBuffer::getMemBufferCopy(text, "f.maek"),
                                options, context, os);
  if (!module && errors.empty())
    fail("no module and no error", text);
  if (StringRef(errors).contains("internal error"))
    fail(errors, text);
  std::string ignored;
  raw_string_ostream sink(ignored);
  if (auto once = maek::formatModel(text, "f.maek", sink)) {
    auto twice = maek::formatModel(*once, "f.maek", os);
    if (!twice || *twice != *once)
      fail("the canonical form changes: " + *once, text);
  }
  return 0;
}

#ifndef MAEK_LIBFUZZER

namespace {
class Mutator {
public:
  explicit Mutator(uint64_t seed) : random(seed) {
    for (const maek::dsl::StandardFile &file : maek::dsl::getStandardLibrary())
      corpus.push_back(file.text.str());
  }
  void add(const std::string &text) {
    // Whole models more often than pieces of the library.
    for (int i = 0; i < 4; ++i)
      corpus.push_back(text);
  }
  std::string next();

private:
  size_t pick(size_t count) { return count ? random() % count : 0; }
  void mutate(std::string &text);
  /// Begin and end of a random word, number or symbol.
  std::pair<size_t, size_t> pickToken(StringRef text);

  std::mt19937_64 random;
  std::vector<std::string> corpus;
};
} // namespace

std::pair<size_t, size_t> Mutator::pickToken(StringRef text) {
  auto isWord = [](char c) { return isAlnum(c) || c == '_' || (c & 0x80); };
  size_t at = pick(text.size()), end = at;
  while (at > 0 && isWord(text[at]) && isWord(text[at - 1]))
    --at;
  while (end < text.size() && isWord(text[end]))
    ++end;
  return {at, std::max(end, std::min(at + 1, text.size()))};
}

/// What mutations put into a text.
static constexpr StringLiteral words[] = {"(",
                                          ")",
                                          "[",
                                          "]",
                                          "{",
                                          "}",
                                          ",",
                                          ":",
                                          "..",
                                          "=",
                                          "~",
                                          "->",
                                          "+",
                                          "-",
                                          "*",
                                          "/",
                                          "^",
                                          "·",
                                          "√",
                                          "ᵀ",
                                          ".T",
                                          "²",
                                          "==",
                                          "<",
                                          "x",
                                          "h",
                                          "H",
                                          "T",
                                          "B",
                                          "0",
                                          "1",
                                          "-1",
                                          "3",
                                          "1e300",
                                          "0.5",
                                          "28",
                                          "100000",
                                          "fn ",
                                          "for ",
                                          "param ",
                                          " in ",
                                          "class",
                                          " of class(3)",
                                          "exp",
                                          "sum",
                                          "max",
                                          "argmax",
                                          "one_hot",
                                          "reshape",
                                          "where",
                                          "arange",
                                          "stop_gradient",
                                          "softmax",
                                          "attention",
                                          "Linear",
                                          "LSTM",
                                          "step",
                                          "apply",
                                          "state ",
                                          "loss",
                                          "\n",
                                          "# c\n",
                                          "\"",
                                          "σ",
                                          "h\u0303",
                                          "\xFF",
                                          "\t",
                                          "axis = 0",
                                          "[3, 4]",
                                          "(x)",
                                          "[0]",
                                          "[1:]"};

void Mutator::mutate(std::string &text) {
  auto [begin, end] = pickToken(text);
  switch (pick(8)) {
  case 0: // remove a token
    text.erase(begin, end - begin);
    break;
  case 1: // another one in its place
    text.replace(begin, end - begin, words[pick(std::size(words))].str());
    break;
  case 2:
    text.insert(begin, words[pick(std::size(words))].str());
    break;
  case 3: { // one from elsewhere in the text
    auto [from, to] = pickToken(text);
    text.replace(begin, end - begin, text.substr(from, to - from));
    break;
  }
  case 4: // a byte
    if (!text.empty())
      text[pick(text.size())] = char(random());
    break;
  case 5: { // a line twice, or not at all
    size_t start = text.rfind('\n', begin);
    start = start == std::string::npos ? 0 : start;
    std::string line = text.substr(start, text.find('\n', begin) - start);
    if (pick(2))
      text.insert(start, line);
    else
      text.erase(start, line.size());
    break;
  }
  case 6: { // a piece of another text
    const std::string &other = corpus[pick(corpus.size())];
    text.insert(begin, other.substr(pick(other.size()), pick(200)));
    break;
  }
  default: // cut off
    if (pick(4) == 0)
      text.resize(pick(text.size()));
    break;
  }
}

std::string Mutator::next() {
  std::string text = corpus[pick(corpus.size())];
  for (size_t i = 0, count = 1 + pick(6); i < count; ++i)
    mutate(text);
  return text;
}

/// model_fuzz COUNT SEED FILES...: prints the seed, and what it ran last if
/// that ends the program.
int main(int argc, char **argv) {
  uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1000;
  uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  Mutator mutator(seed);
  for (int i = 3; i < argc; ++i) {
    auto buffer = MemoryBuffer::getFile(argv[i]);
    if (!buffer) {
      errs() << "model_fuzz: cannot read " << argv[i] << "\n";
      return 1;
    }
    mutator.add((*buffer)->getBuffer().str());
  }
  errs() << "model_fuzz: seed " << seed << ", " << count << " texts\n";
  const char *trace = std::getenv("MAEK_FUZZ_TRACE");
  for (uint64_t i = 0; i < count; ++i) {
    std::string text = mutator.next();
    if (trace)
      if (FILE *file = std::fopen(trace, "w")) {
        std::fwrite(text.data(), 1, text.size(), file);
        std::fclose(file);
      }
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t *>(text.data()),
                           text.size());
  }
  return 0;
}

#endif

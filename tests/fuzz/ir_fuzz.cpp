// Part of Maek, under the MIT licence; see LICENSE.
// No IR text crashes the parser, the verifiers or the canonicalization; what is
// accepted reads back as it was printed, and canonicalizes to what it was in
// the interpreter. Run by itself it changes the files it is given at random,
// from a seed; built with libFuzzer, main is left out.
#include "ir/Extent.h"
#include "tests/support/TestModule.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

using namespace mlir;
using namespace maek;
using namespace maek::test;

[[noreturn]] static void fail(StringRef what, StringRef text) {
  llvm::errs() << "ir_fuzz: " << what << "\n" << text << "\n";
  std::abort();
}

static std::string print(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream(text) << module;
  return text;
}

/// Whether the interpreter can run a module in no time: few numbers in every
/// tensor, with small extents.
static bool isSmall(ModuleOp module) {
  auto isSmallType = [](Type type) {
    if (!hasNamedExtents(type))
      return false;
    int64_t count = 1;
    for (const Extent &extent : getExtents(type)) {
      if (extent.factor > 64 || extent.symbols.size() > 2)
        return false;
      count *= extent.factor << (2 * extent.symbols.size());
      if (count > 4096)
        return false;
    }
    return true;
  };
  bool isSmall = true;
  module.walk([&](Operation *op) {
    isSmall &= llvm::all_of(op->getResultTypes(), isSmallType);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        isSmall &= llvm::all_of(block.getArgumentTypes(), isSmallType);
  });
  return isSmall;
}

/// Puts a NaN, an infinity or a zero in place of every third number.
static void addSpecialNumbers(NamedTensors &arguments) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const double special[] = {std::nan(""), infinity, -infinity, 0};
  for (auto &[name, tensor] : arguments)
    for (size_t i = 0; i < tensor.elements.size(); i += 3)
      tensor.elements[i] = special[(i / 3 + name.size()) % 4];
}

/// The results of every function that can be interpreted, by its name; on
/// random arguments and on such with special numbers.
static NamedTensors runFunctions(ModuleOp module) {
  NamedTensors all;
  const Dims dims{{"B", 2}, {"T", 3}};
  for (auto function : module.getOps<func::FuncOp>()) {
    auto special = makeArguments(function, dims, 2);
    if (failed(special))
      continue;
    addSpecialNumbers(*special);
    for (const NamedTensors &given : {NamedTensors(), *special}) {
      auto results = runEntry(module, function.getName(), dims, 1, given);
      if (failed(results))
        continue;
      for (auto &[name, tensor] : *results)
        all.emplace_back(
            (function.getName() + "." + name + (given.empty() ? "" : "*"))
                .str(),
            tensor);
    }
  }
  return all;
}

/// How many inputs were valid: a run that accepts nothing tests little.
static uint64_t numAccepted = 0;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const std::unique_ptr<MLIRContext> context = makeTestContext();
  std::string text(reinterpret_cast<const char *>(data), size);
  // MLIR itself accepts the empty symbol and prints something else.
  if (StringRef(text).contains("@\"\""))
    return 0;
  unsigned errors = 0;
  ScopedDiagnosticHandler handler(context.get(), [&](Diagnostic &diagnostic) {
    errors += diagnostic.getSeverity() == DiagnosticSeverity::Error;
    return success();
  });
  auto module = parseSourceString<ModuleOp>(text, context.get());
  if (!module) {
    if (errors == 0)
      fail("no module and no error", text);
    return 0;
  }
  ++numAccepted;
  std::string once = print(*module);
  auto again = parseSourceString<ModuleOp>(once, context.get());
  if (!again || print(*again) != once)
    fail("the printed form does not read back:\n" + once, text);
  PassManager manager(context.get());
  manager.addPass(createCanonicalizerPass());
  if (failed(manager.run(*again)))
    fail("canonicalization fails", text);
  if (!isSmall(*module))
    return 0;
  NamedTensors before = runFunctions(*module), after = runFunctions(*again);
  // What cannot run before may run after: a dead op is gone.
  llvm::erase_if(after,
                 [&](auto &named) { return !find(before, named.first); });
  std::string difference = describeDifference(after, before, 1e-9);
  if (!difference.empty())
    fail(difference + print(*again), text);
  return 0;
}

#ifndef MAEK_LIBFUZZER

namespace {
class Mutator {
public:
  Mutator(uint64_t seed, std::vector<std::string> corpus)
      : random(seed), corpus(std::move(corpus)) {}

  std::string next() {
    std::string text = corpus[pick(corpus.size())];
    for (size_t i = pick(4) + 1; i > 0; --i)
      mutate(text);
    return text;
  }

private:
  size_t pick(size_t count) { return count ? random() % count : 0; }
  std::pair<size_t, size_t> pickToken(StringRef text);
  void mutate(std::string &text);

  std::mt19937_64 random;
  std::vector<std::string> corpus;
};
} // namespace

/// Begin and end of a random number, word or symbol.
std::pair<size_t, size_t> Mutator::pickToken(StringRef text) {
  auto isWord = [](char c) { return llvm::isAlnum(c) || c == '_'; };
  size_t at = pick(text.size()), end = at;
  bool isNumber = at < text.size() && llvm::isDigit(text[at]);
  auto belongs = [&](char c) {
    return isNumber ? llvm::isDigit(c) : isWord(c);
  };
  while (at > 0 && belongs(text[at]) && belongs(text[at - 1]))
    --at;
  while (end < text.size() && belongs(text[end]))
    ++end;
  return {at, std::max(end, std::min(at + 1, text.size()))};
}

void Mutator::mutate(std::string &text) {
  static const char *const odd[] = {
      "0",    "1",    "2",    "3",   "-1",      "9223372036854775807",
      "?",    "f32",  "f64",  "i1",  "i32",     "-9223372036854775808",
      "B",    "T",    "B*T",  "B*B", "2*B",     "0x7FF0000000000000",
      "<>",   "[]",   "\"\"", "*",   "tensor",  "99999999999999999999",
      "dim",  "dims", "max",  "sum", "reverse", "9223372036854775806",
      "neg",  "add",  "mul",  "div", "concat",  "einsum",
      "%arg0"};
  auto [begin, end] = pickToken(text);
  const std::string &other = corpus[pick(corpus.size())];
  auto [from, to] = pickToken(other);
  switch (pick(6)) {
  case 0:
    text.erase(begin, end - begin);
    break;
  case 1:
    text.replace(begin, end - begin, other, from, to - from);
    break;
  case 2:
    text.insert(end, " " + text.substr(begin, end - begin));
    break;
  case 3: { // a token of this text: another value, type, letter
    auto [start, stop] = pickToken(text);
    text.replace(begin, end - begin, std::string(text, start, stop - start));
    break;
  }
  default:
    text.replace(begin, end - begin, odd[pick(std::size(odd))]);
  }
}

/// Each part of each file between empty lines: a function or two.
static std::vector<std::string> readCorpus(ArrayRef<char *> paths) {
  std::vector<std::string> corpus;
  for (const char *path : paths) {
    auto file = llvm::MemoryBuffer::getFile(path);
    if (!file) {
      llvm::errs() << "ir_fuzz: cannot read " << path << "\n";
      std::exit(2);
    }
    SmallVector<StringRef> parts;
    (*file)->getBuffer().split(parts, "\n\n");
    for (StringRef part : parts)
      corpus.push_back(part.str());
  }
  return corpus;
}

// usage: ir_fuzz RUNS SEED FILE...
int main(int argc, char **argv) {
  if (argc < 4) {
    llvm::errs() << "usage: ir_fuzz RUNS SEED FILE...\n";
    return 2;
  }
  uint64_t runs = std::strtoull(argv[1], nullptr, 10);
  uint64_t seed = std::strtoull(argv[2], nullptr, 10);
  llvm::outs() << "ir_fuzz: " << runs << " inputs, seed " << seed << "\n";
  llvm::outs().flush();
  auto corpus = readCorpus(ArrayRef(argv + 3, argc - 3));
  auto run = [](const std::string &text) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t *>(text.data()),
                           text.size());
  };
  llvm::for_each(corpus, run);
  Mutator mutator(seed, corpus);
  for (uint64_t i = 0; i < runs; ++i)
    run(mutator.next());
  llvm::outs() << "ir_fuzz: " << numAccepted << " of them were valid\n";
  return 0;
}

#endif // MAEK_LIBFUZZER

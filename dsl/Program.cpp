// Part of Maek, under the MIT licence; see LICENSE.
#include "dsl/Program.h"

#include "dsl/Diagnostics.h"
#include "dsl/Parser.h"
#include "dsl/Primitives.h"
#include "dsl/StandardLibrary.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace maek::dsl {

Program::Program(Diagnostics &diagnostics) : diagnostics(diagnostics) {
  for (const StandardFile &file : getStandardLibrary()) {
    Unit &unit = parse(MemoryBuffer::getMemBuffer(file.text, file.name));
    for (auto &definition : unit.file.definitions) {
      definition->isStandard = true;
      standard[definition->name.name] = definition.get();
      standardDefinitions.push_back(definition.get());
    }
  }
}

Program::Unit &Program::parse(std::unique_ptr<MemoryBuffer> buffer) {
  StringRef text = buffer->getBuffer();
  diagnostics.sources.AddNewSourceBuffer(std::move(buffer), SMLoc());
  units.push_back(std::make_unique<Unit>());
  Unit &unit = *units.back();
  unit.start = SMLoc::getFromPointer(text.begin());
  unsigned before = diagnostics.getNumErrors();
  tokenize(text, diagnostics, unit.tokens);
  // What a wrong character leaves behind makes no sense to the parser.
  if (diagnostics.getNumErrors() == before)
    unit.file = Parser(unit.tokens.tokens, diagnostics).parseFile();
  failed |= diagnostics.getNumErrors() != before;
  return unit;
}

void Program::define(Unit &unit) {
  for (auto &definition : unit.file.definitions) {
    Identifier name = definition->name;
    if (findPrimitive(name.name)) {
      diagnostics.error(name.loc, "'" + name.name +
                                      "' is a primitive of the language; "
                                      "choose another name");
      continue;
    }
    auto [entry, isNew] = user.try_emplace(name.name, definition.get());
    if (!isNew) {
      diagnostics.error(name.loc, "'" + name.name + "' is defined twice")
          .note(entry->second->name.loc, "the first definition is here");
      continue;
    }
    userDefinitions.push_back(definition.get());
  }
}

void Program::loadImports(const File &file, StringRef path, unsigned depth) {
  auto fail = [&](SMLoc loc, const Twine &message) {
    diagnostics.error(loc, message);
    failed = true;
  };
  for (const Import &import : file.imports) {
    SmallString<128> target(import.path);
    if (!sys::path::is_absolute(target)) {
      target = sys::path::parent_path(path);
      sys::path::append(target, import.path);
    }
    SmallString<128> real;
    if (sys::fs::real_path(target, real)) {
      fail(import.loc, "cannot find '" + target + "'");
      continue;
    }
    if (!loaded.insert(real).second)
      continue;
    constexpr unsigned maxImports = 100;
    if (depth >= maxImports) {
      fail(import.loc, "imports nest too deeply");
      continue;
    }
    // A device or a pipe may never end.
    ErrorOr<std::unique_ptr<MemoryBuffer>> buffer =
        sys::fs::is_regular_file(real)
            ? MemoryBuffer::getFile(target)
            : std::make_error_code(std::errc::invalid_argument);
    if (!buffer) {
      fail(import.loc, "cannot read '" + target + "'");
      continue;
    }
    Unit &unit = parse(std::move(*buffer));
    loadImports(unit.file, target, depth + 1);
    define(unit);
  }
}

bool Program::load(std::unique_ptr<MemoryBuffer> buffer, bool allowImports) {
  std::string path = buffer->getBufferIdentifier().str();
  SmallString<128> real;
  if (!sys::fs::real_path(path, real))
    loaded.insert(real);
  Unit &main = parse(std::move(buffer));
  if (allowImports)
    loadImports(main.file, path, 0);
  else if (!main.file.imports.empty()) {
    diagnostics.error(main.file.imports.front().loc,
                      "an import is not allowed here");
    failed = true;
  }
  define(main);
  // The main file is the last unit, whatever was imported after it.
  for (auto &unit : units)
    if (unit.get() == &main) {
      std::swap(unit, units.back());
      break;
    }
  return !failed;
}

const Definition *Program::find(StringRef name, bool standardOnly) const {
  if (!standardOnly)
    if (const Definition *definition = user.lookup(name))
      return definition;
  return standard.lookup(name);
}

std::vector<const Weights *> Program::getWeights() const {
  std::vector<const Weights *> all;
  for (auto &unit : units)
    for (const Weights &weights : unit->file.weights)
      all.push_back(&weights);
  return all;
}

std::vector<const Weights *>
Program::getWeights(const Definition &model) const {
  std::vector<const Weights *> found = getWeights();
  llvm::erase_if(found, [&](const Weights *weights) {
    return find(weights->model.name, false) != &model;
  });
  return found;
}

std::vector<const Definition *>
Program::getDefinitions(bool standardOnly) const {
  std::vector<const Definition *> all;
  if (!standardOnly)
    all = userDefinitions;
  all.insert(all.end(), standardDefinitions.begin(), standardDefinitions.end());
  return all;
}

} // namespace maek::dsl

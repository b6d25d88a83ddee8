// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/ObjectSymbols.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ObjCopy/ConfigManager.h"
#include "llvm/ObjCopy/ObjCopy.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/StringSaver.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace maek::halide {

/// Gives the kernel the name `to` and its parts, the bodies of parallel loops,
/// names after it: those they have are unique in the process that compiled them
/// only, and objects come from many by way of the cache.
static Error renameSymbols(const object::ObjectFile &object, StringRef from,
                           StringRef to, StringMap<StringRef> &names,
                           StringSaver &saver) {
  size_t parts = 0;
  for (const object::SymbolRef &symbol : object.symbols()) {
    Expected<uint32_t> flags = symbol.getFlags();
    if (!flags)
      return flags.takeError();
    if (!(*flags & object::SymbolRef::SF_Global) ||
        (*flags & object::SymbolRef::SF_Undefined))
      continue;
    Expected<StringRef> name = symbol.getName();
    if (!name)
      return name.takeError();
    if (*name == from)
      names[*name] = to;
    else if (name->starts_with(from))
      names[*name] = saver.save(to + ".part" + Twine(parts++));
  }
  return Error::success();
}

Expected<SmallString<0>> renameKernel(StringRef object, StringRef from,
                                      StringRef to) {
  Expected<std::unique_ptr<object::ObjectFile>> binary =
      object::ObjectFile::createObjectFile(MemoryBufferRef(object, "kernel"));
  if (!binary)
    return binary.takeError();
  objcopy::ConfigManager config;
  config.Common.InputFilename = config.Common.OutputFilename = "kernel";
  config.Common.DiscardMode = objcopy::DiscardType::All;
  BumpPtrAllocator allocator;
  StringSaver saver(allocator);
  if (Error error = renameSymbols(**binary, from, to,
                                  config.Common.SymbolsToRename, saver))
    return error;
  SmallString<0> renamed;
  raw_svector_ostream stream(renamed);
  if (Error error = objcopy::executeObjcopyOnBinary(config, **binary, stream))
    return error;
  return renamed;
}

} // namespace maek::halide

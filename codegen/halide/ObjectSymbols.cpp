// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/ObjectSymbols.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ObjCopy/ConfigManager.h"
#include "llvm/ObjCopy/ObjCopy.h"
#include "llvm/Object/Binary.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace maek::halide {

Expected<SmallString<0>> renameKernel(StringRef object, StringRef from,
                                      StringRef to) {
  Expected<std::unique_ptr<object::Binary>> binary =
      object::createBinary(MemoryBufferRef(object, "kernel"));
  if (!binary)
    return binary.takeError();
  objcopy::ConfigManager config;
  config.Common.InputFilename = config.Common.OutputFilename = "kernel";
  config.Common.DiscardMode = objcopy::DiscardType::All;
  if (from != to)
    config.Common.SymbolsToRename[from] = to;
  SmallString<0> renamed;
  raw_svector_ostream stream(renamed);
  if (Error error = objcopy::executeObjcopyOnBinary(config, **binary, stream))
    return error;
  return renamed;
}

} // namespace maek::halide

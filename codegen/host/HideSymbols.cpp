// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/HideSymbols.h"

#include "codegen/host/OutputFile.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ObjCopy/ConfigManager.h"
#include "llvm/ObjCopy/ObjCopy.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace maek {

static llvm::Error copyHidden(StringRef from, StringRef to,
                              ArrayRef<std::string> exports) {
  auto object = llvm::object::ObjectFile::createObjectFile(from);
  if (!object)
    return object.takeError();
  llvm::objcopy::ConfigManager config;
  for (const std::string &name : exports)
    if (llvm::Error error = config.Common.SymbolsToKeepGlobal.addMatcher(
            llvm::objcopy::NameOrPattern::create(
                name, llvm::objcopy::MatchStyle::Literal,
                [](llvm::Error wrong) { return wrong; })))
      return error;
  std::error_code code;
  llvm::raw_fd_ostream out(to, code);
  if (code)
    return llvm::createFileError(to, code);
  llvm::Error error =
      llvm::objcopy::executeObjcopyOnBinary(config, *object->getBinary(), out);
  code = finish(out);
  return error || !code ? std::move(error) : llvm::createFileError(to, code);
}

LogicalResult hideSymbols(StringRef from, StringRef to,
                          ArrayRef<std::string> exports, Location location) {
  if (llvm::Error error = copyHidden(from, to, exports))
    return emitError(location) << "cannot hide the symbols of the model: "
                               << llvm::toString(std::move(error));
  return success();
}

} // namespace maek

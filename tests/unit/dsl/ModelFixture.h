// Part of Maek, under the MIT licence; see LICENSE.
// Tests of what a model's text means, by the interpreter in double precision.
#ifndef MAEK_TESTS_UNIT_DSL_MODELFIXTURE_H
#define MAEK_TESTS_UNIT_DSL_MODELFIXTURE_H

#include "dsl/Frontend.h"
#include "tests/support/TestModule.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

namespace maek::test {

class ModelTest : public testing::Test {
protected:
  /// Null after diagnostics on stderr.
  mlir::OwningOpRef<mlir::ModuleOp> emitText(llvm::StringRef text) {
    FrontendOptions options;
    options.doublePrecision = true;
    return emitModel(llvm::MemoryBuffer::getMemBufferCopy(text, "test.maek"),
                     options, *context, llvm::errs());
  }
  /// Into `module`, after the passes of a textual pipeline.
  bool emitText(llvm::StringRef text, llvm::StringRef pipeline) {
    module = emitText(text);
    bool isMade = module && succeeded(runPasses(*module, pipeline));
    EXPECT_TRUE(isMade);
    return isMade;
  }

  std::unique_ptr<mlir::MLIRContext> context = makeTestContext();
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

} // namespace maek::test

#endif // MAEK_TESTS_UNIT_DSL_MODELFIXTURE_H

// Part of Maek, under the MIT licence; see LICENSE.
// maek-opt: reads IR, runs passes, prints IR.
#include "codegen/host/LowerHost.h"
#include "passes/Registration.h"
#include "tools/FailedWrites.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  maek::cli::reportFailedWrites("maek-opt");
  mlir::DialectRegistry registry;
  maek::registerPassDialects(registry);
  maek::registerAllPasses();
  maek::registerHostPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Maek's pass driver\n", registry));
}

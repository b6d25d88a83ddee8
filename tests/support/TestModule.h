// Part of Maek, under the MIT licence; see LICENSE.
// What tests of the compiler need: IR from text, seeded arguments, the
// interpreter's results, comparison. No GoogleTest in here.
//
//   auto context = makeTestContext();
//   auto module = parseModule(*context, text);            // null: failed
//   auto before = runEntry(*module, "forward", {{"B", 2}, {"T", 5}});
//   runPasses(*module, "maek-simplify,cse");
//   auto after = runEntry(*module, "forward", {{"B", 2}, {"T", 5}});
//   EXPECT_EQ(describeDifference(*after, *before, 1e-12), "");
#ifndef MAEK_TESTS_SUPPORT_TESTMODULE_H
#define MAEK_TESTS_SUPPORT_TESTMODULE_H

#include "ir/interpreter/Interpreter.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace maek::test {

/// Values of symbols: {{"B", 2}, {"T", 5}}.
using Dims = std::map<std::string, int64_t>;
/// Tensors by name, in order. An entry's arguments and results go by their
/// maek.name; results of role parameter and state are `new <name>`, those
/// without a name `arg0`, `result0` and so on.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// A context with all dialects, the passes registered and the interpreter's
/// models attached.
std::unique_ptr<mlir::MLIRContext> makeTestContext();

/// The module of `text`, verified; null after diagnostics on stderr.
mlir::OwningOpRef<mlir::ModuleOp> parseModule(mlir::MLIRContext &context,
                                              llvm::StringRef text);
/// The same from a file, `-` for standard input.
mlir::OwningOpRef<mlir::ModuleOp> parseModuleFile(mlir::MLIRContext &context,
                                                  llvm::StringRef path);

/// Runs the passes of a textual pipeline, "canonicalize,cse", the verifier
/// after each.
mlir::LogicalResult runPasses(mlir::ModuleOp module, llvm::StringRef pipeline);

/// Whether a pass or pipeline of that flag is registered.
bool isPassRegistered(llvm::StringRef flag);

/// The tensor type's shape for values of all its symbols.
Shape getShape(mlir::Type type, const Dims &dims);

/// One number in [0, 1) that depends on its three arguments alone.
double randomNumber(uint64_t seed, llvm::StringRef name, uint64_t index);

/// Arguments for `function`, each decided by its name, role, shape and the seed
/// alone: the same at every stage of a model's IR. Floats are in [-1, 1),
/// states in [0, 0.1), parameters within 1/sqrt(last extent); integers are
/// below `maek.classes` or 10, inputs of one number count steps; `lr` is 0.01,
/// `step` 3, `steps` 100. Tensors of `given` replace those of the same name.
/// Fails, after a diagnostic, where `dims` lacks a symbol.
mlir::FailureOr<NamedTensors> makeArguments(mlir::func::FuncOp function,
                                            const Dims &dims, uint64_t seed,
                                            const NamedTensors &given = {});

/// Interprets a function of `module` on such arguments. Arguments of role
/// `prepared` are the results of the entry `prepare` for the same seed. `hook`
/// is interpret's.
mlir::FailureOr<NamedTensors> runEntry(mlir::ModuleOp module,
                                       llvm::StringRef name, const Dims &dims,
                                       uint64_t seed = 1,
                                       const NamedTensors &given = {},
                                       ValueHook hook = {});

/// The largest |actual - expected| as a share of the largest |expected| (of 1
/// if all are 0). NaN is equal to NaN, an infinity to itself; infinite where
/// shapes differ.
double relativeError(const Tensor &actual, const Tensor &expected);

/// Empty if the names and shapes agree and each relativeError is within
/// `tolerance`; else one line per tensor that differs.
std::string describeDifference(const NamedTensors &actual,
                               const NamedTensors &expected, double tolerance);

/// The tensor of that name; null if there is none.
const Tensor *find(const NamedTensors &tensors, llvm::StringRef name);

} // namespace maek::test

#endif // MAEK_TESTS_SUPPORT_TESTMODULE_H

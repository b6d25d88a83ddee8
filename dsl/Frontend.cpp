// Part of Maek, under the MIT licence; see LICENSE.
#include "dsl/Frontend.h"

#include "dsl/Diagnostics.h"
#include "dsl/ModelEmitter.h"
#include "dsl/Names.h"
#include "dsl/Program.h"
#include "ir/MaekDialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace maek::dsl;

namespace maek {

/// The model that the options name, or the only one, or the only one that is
/// trained. Null, reported, if there is none such.
static const Definition *chooseModel(const Program &program, StringRef name,
                                     Diagnostics &diagnostics) {
  std::vector<const Definition *> models;
  std::vector<StringRef> names;
  for (auto &definition : program.getMainFile().definitions)
    if (definition->kind == DefinitionKind::Model) {
      models.push_back(definition.get());
      names.push_back(definition->name.name);
    }
  if (!name.empty()) {
    for (const Definition *model : models)
      if (model->name.name == name)
        return model;
    diagnostics.error({}, "the file has no model '" + name + "'" +
                              didYouMean(name, names));
    return nullptr;
  }
  if (models.empty()) {
    diagnostics.error({}, "the file has no model");
    return nullptr;
  }
  if (models.size() == 1)
    return models.front();
  const Definition *trained = nullptr;
  for (const Definition *model : models)
    for (const Train &train : program.getMainFile().trains)
      if (train.model.name == model->name.name) {
        if (trained && trained != model)
          trained = models.front(); // two of them: no choice
        trained = trained ? nullptr : model;
      }
  if (!trained)
    diagnostics
        .error(models[1]->name.loc, "the file has " + Twine(models.size()) +
                                        " models; say which one is meant")
        .note(models[0]->name.loc, "the first one is here");
  return trained;
}

static mlir::OwningOpRef<mlir::ModuleOp>
emit(std::unique_ptr<MemoryBuffer> buffer, const FrontendOptions &options,
     bool needsModel, mlir::MLIRContext &context, Diagnostics &diagnostics) {
  context.loadDialect<MaekDialect, mlir::func::FuncDialect>();
  Program program(diagnostics);
  if (!program.load(std::move(buffer), options.allowImports))
    return {};
  if (!checkNames(program, diagnostics))
    return {};
  auto &definitions = program.getMainFile().definitions;
  bool hasModel = llvm::any_of(definitions, [](auto &definition) {
    return definition->kind == DefinitionKind::Model;
  });
  if (!hasModel && !needsModel)
    return {};
  const Definition *model = chooseModel(program, options.model, diagnostics);
  if (!model)
    return {};
  const Train *train = nullptr;
  for (const Train &candidate : program.getMainFile().trains)
    if (candidate.model.name == model->name.name)
      train = &candidate;
  mlir::Builder builder(&context);
  mlir::Type type = options.doublePrecision ? mlir::Type(builder.getF64Type())
                                            : mlir::Type(builder.getF32Type());
  ModelEmitter emitter(program, diagnostics, &context, type, *model, train);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      emitter.emit(options.hyperparameters);
  if (!module && !diagnostics.hasErrors())
    diagnostics.error(model->name.loc, "internal error: the model has no IR "
                                       "and no error; please report it");
  if (diagnostics.hasErrors())
    return {};
  if (mlir::failed(mlir::verify(*module))) {
    diagnostics.error(model->name.loc, "internal error: the model's IR is not "
                                       "valid; please report it");
    return {};
  }
  return module;
}

static std::unique_ptr<MemoryBuffer> readFile(StringRef path,
                                              raw_ostream &errors) {
  if (sys::fs::exists(path) && !sys::fs::is_regular_file(path)) {
    errors << path << ": error: not a file\n";
    return nullptr;
  }
  auto buffer = MemoryBuffer::getFile(path);
  if (buffer)
    return std::move(*buffer);
  errors << path << ": error: cannot read the file: "
         << StringRef(buffer.getError().message()).lower() << "\n";
  return nullptr;
}

mlir::OwningOpRef<mlir::ModuleOp>
emitModel(std::unique_ptr<MemoryBuffer> buffer, const FrontendOptions &options,
          mlir::MLIRContext &context, raw_ostream &errors) {
  Diagnostics diagnostics;
  auto module = emit(std::move(buffer), options, /*needsModel=*/true, context,
                     diagnostics);
  diagnostics.print(errors);
  return module;
}

mlir::OwningOpRef<mlir::ModuleOp> emitModelFile(StringRef path,
                                                const FrontendOptions &options,
                                                mlir::MLIRContext &context,
                                                raw_ostream &errors) {
  std::unique_ptr<MemoryBuffer> buffer = readFile(path, errors);
  if (!buffer)
    return {};
  return emitModel(std::move(buffer), options, context, errors);
}

bool checkModelFile(StringRef path, const FrontendOptions &options,
                    raw_ostream &errors) {
  std::unique_ptr<MemoryBuffer> buffer = readFile(path, errors);
  if (!buffer)
    return false;
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  Diagnostics diagnostics;
  emit(std::move(buffer), options, /*needsModel=*/false, context, diagnostics);
  diagnostics.print(errors);
  return !diagnostics.hasErrors();
}

} // namespace maek

// Part of Maek, under the MIT licence; see LICENSE.
#include "dsl/Frontend.h"

#include "dsl/Diagnostics.h"
#include "dsl/ModelEmitter.h"
#include "dsl/Names.h"
#include "dsl/Program.h"
#include "dsl/ShapeTable.h"
#include "ir/MaekDialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace maek::dsl;

namespace maek {

/// The models of the main file; if it has none, the imported ones that it
/// trains.
static std::vector<const Definition *> getModels(const Program &program) {
  std::vector<const Definition *> models;
  for (auto &definition : program.getMainFile().definitions)
    if (definition->kind == DefinitionKind::Model)
      models.push_back(definition.get());
  if (!models.empty())
    return models;
  for (const Train &train : program.getMainFile().trains)
    if (const Definition *model = program.find(train.model.name, false))
      if (model->kind == DefinitionKind::Model)
        models.push_back(model);
  return models;
}

static const Train *findTrain(const Program &program, const Definition &model) {
  for (const Train &train : program.getMainFile().trains)
    if (train.model.name == model.name.name)
      return &train;
  return nullptr;
}

/// The model that the options name, or the only one, or the only one that is
/// trained. Null, reported, if there is none such.
static const Definition *chooseModel(const Program &program, StringRef name,
                                     ArrayRef<const Definition *> models,
                                     Diagnostics &diagnostics) {
  std::vector<StringRef> names;
  std::vector<const Definition *> trained;
  for (const Definition *model : models) {
    if (model->name.name == name)
      return model;
    names.push_back(model->name.name);
    if (findTrain(program, *model))
      trained.push_back(model);
  }
  if (!name.empty()) {
    std::string hint = didYouMean(name, names);
    if (hint.empty() && !names.empty())
      hint = "; there are " + llvm::join(names, ", ");
    diagnostics.error(program.getMainStart(),
                      "the file has no model '" + name + "'" + hint);
    return nullptr;
  }
  if (models.size() == 1)
    return models.front();
  if (trained.size() == 1)
    return trained.front();
  if (models.empty())
    diagnostics.error(program.getMainStart(), "the file has no model");
  else
    diagnostics
        .error(models[1]->name.loc, "the file has " + Twine(models.size()) +
                                        " models; name one by --model")
        .note(models[0]->name.loc, "the first one is here");
  return nullptr;
}

static mlir::OwningOpRef<mlir::ModuleOp> emitOne(const Program &program,
                                                 const Definition &model,
                                                 const FrontendOptions &options,
                                                 mlir::MLIRContext &context,
                                                 Diagnostics &diagnostics) {
  mlir::Builder builder(&context);
  mlir::Type type = options.doublePrecision ? mlir::Type(builder.getF64Type())
                                            : mlir::Type(builder.getF32Type());
  ModelEmitter emitter(program, diagnostics, &context, type, model,
                       findTrain(program, model));
  ShapeTable shapes;
  if (options.shapes)
    emitter.shapes = &shapes;
  mlir::OwningOpRef<mlir::ModuleOp> module =
      emitter.emit(options.hyperparameters);
  if (options.shapes) {
    *options.shapes << "model " << model.name.name << "\n";
    shapes.print(*options.shapes, diagnostics.sources);
  }
  if (!module && !diagnostics.hasErrors())
    diagnostics.error(model.name.loc, "internal error: the model has no IR "
                                      "and no error; please report it");
  if (diagnostics.hasErrors())
    return {};
  if (mlir::failed(mlir::verify(*module))) {
    diagnostics.error(model.name.loc, "internal error: the model's IR is not "
                                      "valid; please report it");
    return {};
  }
  return module;
}

/// With `checkAll`, every model of the file, and none of them is kept.
static mlir::OwningOpRef<mlir::ModuleOp>
emit(std::unique_ptr<MemoryBuffer> buffer, const FrontendOptions &options,
     bool checkAll, mlir::MLIRContext &context, Diagnostics &diagnostics) {
  context.loadDialect<MaekDialect, mlir::func::FuncDialect>();
  Program program(diagnostics);
  if (!program.load(std::move(buffer), options.allowImports) ||
      !checkNames(program, diagnostics))
    return {};
  std::vector<const Definition *> models = getModels(program);
  if (checkAll && options.model.empty()) {
    for (const Definition *model : models)
      emitOne(program, *model, options, context, diagnostics);
    return {};
  }
  const Definition *model =
      chooseModel(program, options.model, models, diagnostics);
  if (!model)
    return {};
  return emitOne(program, *model, options, context, diagnostics);
}

/// Prints what there is to say; false if there are errors.
static bool finish(const FrontendOptions &options, Diagnostics &diagnostics,
                   raw_ostream &errors) {
  if (options.warningsAreErrors)
    diagnostics.promoteWarnings();
  diagnostics.print(errors);
  return !diagnostics.hasErrors();
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
  auto module = emit(std::move(buffer), options, /*checkAll=*/false, context,
                     diagnostics);
  if (!finish(options, diagnostics, errors))
    return {};
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
  emit(std::move(buffer), options, /*checkAll=*/true, context, diagnostics);
  return finish(options, diagnostics, errors);
}

} // namespace maek

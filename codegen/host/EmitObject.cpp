// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/EmitObject.h"

#include "codegen/host/OutputFile.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Analysis/CFG.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Passes/StandardInstrumentations.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;

namespace maek {

static std::unique_ptr<llvm::TargetMachine> createMachine() {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  llvm::Triple triple(llvm::sys::getDefaultTargetTriple());
  std::string error;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return nullptr;
  llvm::TargetOptions options;
  options.FunctionSections = options.DataSections = true;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, "x86-64", "", options, llvm::Reloc::PIC_));
}

std::unique_ptr<llvm::Module> translateToLLVM(ModuleOp module,
                                              llvm::LLVMContext &context) {
  registerBuiltinDialectTranslation(*module.getContext());
  registerLLVMDialectTranslation(*module.getContext());
  std::unique_ptr<llvm::TargetMachine> machine = createMachine();
  if (!machine) {
    emitError(module.getLoc()) << "LLVM has no code generator for this machine";
    return nullptr;
  }
  std::unique_ptr<llvm::Module> translated =
      translateModuleToLLVMIR(module, context, "maek");
  if (translated) {
    translated->setDataLayout(machine->createDataLayout());
    translated->setTargetTriple(machine->getTargetTriple());
    // Only the function that gives the whole module is for others.
    for (llvm::Function &function : *translated)
      if (!function.isDeclaration())
        function.setVisibility(llvm::GlobalValue::HiddenVisibility);
  }
  return translated;
}

/// Marks the functions without a loop, and returns whether that are all. They
/// run once a call, where a kernel's microseconds hide the instructions around
/// it, and their blocks are so long that optimizing one takes seconds: what
/// LLVM does there grows faster than a block.
static bool skipStraightCode(llvm::Module &module) {
  bool areAll = true;
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    SmallVector<std::pair<const llvm::BasicBlock *, const llvm::BasicBlock *>>
        loops;
    llvm::FindFunctionBackedges(function, loops);
    if (!loops.empty()) {
      areAll = false;
      continue;
    }
    function.addFnAttr(llvm::Attribute::OptimizeNone);
    function.addFnAttr(llvm::Attribute::NoInline);
  }
  return areAll;
}

/// -O2 without vectorisation: the host code stores descriptors and calls
/// kernels, in blocks so long that looking for vectors takes seconds.
static void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = tuning.SLPVectorization = false;
  tuning.LoopInterleaving = tuning.LoopUnrolling = false;
  llvm::PassInstrumentationCallbacks callbacks;
  llvm::OptNoneInstrumentation skip(/*DebugLogging=*/false);
  skip.registerCallbacks(callbacks);
  llvm::PassBuilder builder(&machine, tuning, std::nullopt, &callbacks);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2)
      .run(module, modules);
}

LogicalResult emitHost(llvm::Module &module, HostOutput kind, StringRef path,
                       Location location) {
  std::unique_ptr<llvm::TargetMachine> machine = createMachine();
  // Without loops the machine code is made the short way, too: the allocation
  // of registers and what prepares it grow faster than a function.
  if (skipStraightCode(module))
    machine->setOptLevel(llvm::CodeGenOptLevel::None);
  else
    optimize(module, *machine);
  std::error_code error;
  llvm::raw_fd_ostream out(path, error);
  if (!error && kind == HostOutput::LLVM) {
    module.print(out, nullptr);
  } else if (!error) {
    llvm::legacy::PassManager passes;
    if (machine->addPassesToEmitFile(passes, out, nullptr,
                                     kind == HostOutput::Object
                                         ? llvm::CodeGenFileType::ObjectFile
                                         : llvm::CodeGenFileType::AssemblyFile))
      return emitError(location) << "LLVM cannot write this kind of file";
    passes.run(module);
  }
  if (!error)
    error = finish(out);
  if (error)
    return emitError(location)
           << "cannot write " << path << ": " << error.message();
  return success();
}

} // namespace maek

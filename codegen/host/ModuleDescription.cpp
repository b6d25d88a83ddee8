// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/ModuleDescription.h"

#include "codegen/host/LowerHost.h"
#include "ir/Entries.h"
#include "ir/Extent.h"
#include "ir/Limits.h"
#include "ir/MaekOps.h"
#include "passes/memory/BufferForm.h"

#include "runtime/core/EntryNames.h"
#include "runtime/include/maek/module.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include <set>

using namespace mlir;
namespace json = llvm::json;

namespace maek {

std::vector<std::string> getEntrySymbols(Operation *entry) {
  auto function = cast<func::FuncOp>(entry);
  std::set<std::string> symbols;
  auto collect = [&](TypeRange types) {
    for (Type type : types)
      for (const Extent &extent : getExtents(type))
        symbols.insert(extent.symbols.begin(), extent.symbols.end());
  };
  collect(function.getArgumentTypes());
  collect(function.getResultTypes());
  return {symbols.begin(), symbols.end()};
}

static StringRef getDtype(Type tensor) {
  Type element = getElementType(tensor);
  return element.isF32() ? "f32" : element.isF64() ? "f64" : "i32";
}

static json::Array getShape(Type tensor) {
  json::Array shape;
  for (const Extent &extent : getExtents(tensor))
    if (extent.isStatic())
      shape.push_back(extent.factor);
    else
      shape.push_back(extent.str());
  return shape;
}

static json::Object describeTensor(StringRef name, Type type) {
  return json::Object{
      {"name", name}, {"dtype", getDtype(type)}, {"shape", getShape(type)}};
}

template <typename Stored>
static json::Array describeStored(ModuleOp module) {
  json::Array tensors;
  for (auto stored : module.getOps<Stored>()) {
    json::Object tensor = describeTensor(stored.getSymName(), stored.getType());
    json::Array arguments;
    for (double argument : stored.getInit().getArguments().asArrayRef())
      arguments.push_back(argument);
    if constexpr (std::is_same_v<Stored, StateOp>)
      if (auto parameter = stored.getAverageOf())
        tensor["average_of"] = *parameter;
    tensor["init"] =
        json::Object{{"kind", stringifyInitKind(stored.getInit().getKind())},
                     {"arguments", std::move(arguments)}};
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

/// Sizes with a bound. Of a size that no argument has there is nothing to say.
static json::Array describeLimits(func::FuncOp entry, ArrayAttr limits) {
  std::vector<std::string> symbols = getEntrySymbols(entry);
  json::Array described;
  for (auto limit : limits.getAsRange<DictionaryAttr>()) {
    auto size = limit.getAs<StringAttr>("size");
    auto most = limit.getAs<IntegerAttr>("most");
    auto table = limit.getAs<StringAttr>("table");
    std::optional<Extent> extent =
        size ? Extent::parse(size.getValue()) : std::nullopt;
    if (extent && most && table &&
        llvm::all_of(extent->symbols, [&](const std::string &symbol) {
          return llvm::is_contained(symbols, symbol);
        }))
      described.push_back(json::Object{{"size", extent->str()},
                                       {"most", most.getInt()},
                                       {"table", table.getValue()}});
  }
  return described;
}

static json::Array describeNames(ArrayAttr names) {
  json::Array described;
  for (auto name : names.getAsRange<StringAttr>())
    described.push_back(name.getValue());
  return described;
}

static json::Object describeEntry(func::FuncOp entry) {
  json::Array symbols, arguments, results;
  for (const std::string &symbol : getEntrySymbols(entry))
    symbols.push_back(symbol);
  for (unsigned i = 0; i < entry.getNumArguments(); ++i) {
    json::Object argument =
        describeTensor(getArgName(entry, i), entry.getArgumentTypes()[i]);
    argument["role"] = getArgRole(entry, i);
    if (auto classes = entry.getArgAttrOfType<IntegerAttr>(i, "maek.classes"))
      argument["classes"] = classes.getInt();
    arguments.push_back(std::move(argument));
  }
  for (unsigned i = 0; i < entry.getNumResults(); ++i) {
    json::Object result =
        describeTensor(getResultName(entry, i), entry.getResultTypes()[i]);
    result["role"] = getResultRole(entry, i);
    if (auto reads = entry.getResultAttrOfType<ArrayAttr>(i, kReadsAttr))
      result["reads"] = describeNames(reads);
    results.push_back(std::move(result));
  }
  json::Object described{{"name", entry.getSymName()},
                         {"symbols", std::move(symbols)},
                         {"arguments", std::move(arguments)},
                         {"results", std::move(results)}};
  if (auto patterns = entry->getAttrOfType<ArrayAttr>(kIgnoreAttr))
    described["ignore"] = describeNames(patterns);
  if (auto limits = entry->getAttrOfType<ArrayAttr>(kLimitsAttr))
    described["limits"] = describeLimits(entry, limits);
  return described;
}

static json::Object describeSettings(DictionaryAttr dictionary) {
  json::Object settings;
  for (NamedAttribute setting : dictionary) {
    json::Value value = nullptr;
    if (auto inner = dyn_cast<DictionaryAttr>(setting.getValue()))
      value = describeSettings(inner);
    else if (auto truth = dyn_cast<BoolAttr>(setting.getValue()))
      value = truth.getValue();
    else if (auto text = dyn_cast<StringAttr>(setting.getValue()))
      value = text.getValue();
    else if (auto integer = dyn_cast<IntegerAttr>(setting.getValue()))
      value = integer.getInt();
    else if (auto real = dyn_cast<FloatAttr>(setting.getValue()))
      value = real.getValueAsDouble();
    settings[setting.getName().getValue()] = std::move(value);
  }
  return settings;
}

/// The tensors that the entry `prepare` makes from the parameters.
static json::Array describePrepared(ModuleOp module) {
  json::Array tensors;
  for (auto entry : module.getOps<func::FuncOp>())
    if (isEntry(entry) && entry.getSymName() == runtime::kPrepare)
      for (unsigned i = 0; i < entry.getNumResults(); ++i)
        tensors.push_back(
            describeTensor(getResultName(entry, i), entry.getResultTypes()[i]));
  return tensors;
}

/// The element type of the model's numbers, or what its products multiply.
static std::string getPrecision(ModuleOp module, Factors factors) {
  if (factors != Factors::Full)
    return getFactorsName(factors).str();
  for (auto entry : module.getOps<func::FuncOp>()) {
    if (!isEntry(entry))
      continue;
    for (Type type : llvm::concat<const Type>(entry.getArgumentTypes(),
                                              entry.getResultTypes()))
      if (isa<FloatType>(getElementType(type)))
        return getDtype(type).str();
  }
  return "f32";
}

json::Object describeModule(ModuleOp module,
                            const DescriptionOptions &options) {
  json::Object root{
      {"name", ""},
      {"source", options.source},
      {"target", options.target.full},
      {"precision", getPrecision(module, options.factors)},
      {"versions", json::Object{{"maek", MAEK_VERSION},
                                {"llvm", LLVM_VERSION_STRING},
                                {"halide", options.halideVersion}}},
      {"settings", json::Object{}}};
  if (const BuildTarget &target = options.target; target.isDevice())
    root["device"] = json::Object{{"interface", target.device},
                                  {"capability", target.capability}};
  for (auto model : module.getOps<ModelOp>()) {
    root["name"] = model.getName();
    root["settings"] = describeSettings(model.getSettings());
  }
  root["parameters"] = describeStored<ParameterOp>(module);
  root["states"] = describeStored<StateOp>(module);
  if (auto unused = module->getAttrOfType<ArrayAttr>(kUnusedAttr))
    root["unused"] = describeNames(unused);
  root["prepared"] = describePrepared(module);
  json::Array entries, kernels;
  for (auto function : module.getOps<func::FuncOp>())
    if (isEntry(function))
      entries.push_back(describeEntry(function));
    else if (isKernel(function))
      kernels.push_back(function.getSymName());
  root["entries"] = std::move(entries);
  root["kernels"] = std::move(kernels);
  return root;
}

static json::Array describeMemory(ArrayAttr plan) {
  json::Array memory;
  for (auto [i, slot] : llvm::enumerate(plan.getAsRange<DictionaryAttr>())) {
    json::Array tensors;
    for (auto tensor :
         slot.getAs<ArrayAttr>("tensors").getAsRange<DictionaryAttr>())
      tensors.push_back(
          json::Object{{"type", tensor.getAs<StringAttr>("type").getValue()},
                       {"from", tensor.getAs<IntegerAttr>("from").getInt()},
                       {"to", tensor.getAs<IntegerAttr>("to").getInt()}});
    memory.push_back(
        json::Object{{"slot", int64_t(i)},
                     {"bytes", slot.getAs<StringAttr>("bytes").getValue()},
                     {"tensors", std::move(tensors)}});
  }
  return memory;
}

void addLowered(json::Object &description, ModuleOp lowered) {
  auto plans = lowered->getAttrOfType<DictionaryAttr>(kMemoryAttr);
  auto reads = lowered->getAttrOfType<DictionaryAttr>(kHostReadsAttr);
  for (json::Value &value : *description.getArray("entries")) {
    json::Object &entry = *value.getAsObject();
    StringRef name = *entry.getString("name");
    if (auto plan = plans ? plans.getAs<ArrayAttr>(name) : ArrayAttr())
      entry["memory"] = describeMemory(plan);
    auto read =
        reads ? reads.getAs<DenseI64ArrayAttr>(name) : DenseI64ArrayAttr();
    if (!read)
      continue;
    json::Array names;
    const json::Array &arguments = *entry.getArray("arguments");
    for (int64_t i : read.asArrayRef())
      names.push_back(*arguments[i].getAsObject()->getString("name"));
    entry["host_reads"] = std::move(names);
  }
}

std::vector<EntryCode> getEntryCode(const json::Object &description,
                                    ModuleOp lowered) {
  auto bytes = lowered->getAttrOfType<DictionaryAttr>(kDescriptorsAttr);
  std::vector<EntryCode> entries;
  for (const json::Value &entry : *description.getArray("entries")) {
    std::string name = entry.getAsObject()->getString("name")->str();
    auto size = bytes.getAs<IntegerAttr>(name);
    entries.push_back({name, size.getInt()});
  }
  return entries;
}

/// A constant whose name no library's function can have: a library may be named
/// maek.
static llvm::GlobalVariable *
addConstant(llvm::Module &module, llvm::Constant *value, StringRef name) {
  auto *global =
      new llvm::GlobalVariable(module, value->getType(), /*isConstant=*/true,
                               llvm::GlobalValue::ExternalLinkage, value, name);
  global->setVisibility(llvm::GlobalValue::HiddenVisibility);
  return global;
}

static llvm::Constant *addArray(llvm::Module &module, llvm::Type *element,
                                ArrayRef<llvm::Constant *> elements,
                                StringRef name) {
  auto *type = llvm::ArrayType::get(element, elements.size());
  return addConstant(module, llvm::ConstantArray::get(type, elements), name);
}

void addDescription(llvm::Module &module, StringRef json,
                    ArrayRef<EntryCode> entries,
                    ArrayRef<std::string> variants) {
  llvm::LLVMContext &context = module.getContext();
  auto *pointer = llvm::PointerType::getUnqual(context);
  auto *i32 = llvm::Type::getInt32Ty(context);
  auto *i64 = llvm::Type::getInt64Ty(context);
  // maek_entry_code_t and maek_module_t of runtime/include/maek/module.h.
  auto *row = llvm::StructType::get(context, {pointer, pointer, i64});
  auto *type = llvm::StructType::get(
      context, {i32, i32, pointer, i64, pointer, pointer});
  SmallVector<llvm::Constant *> table, others;
  for (const EntryCode &entry : entries)
    table.push_back(llvm::ConstantStruct::get(
        row, {module.getFunction("maek_entry_" + entry.name),
              module.getFunction("maek_arena_" + entry.name),
              llvm::ConstantInt::get(i64, entry.descriptorBytes)}));
  for (const std::string &name : variants) {
    auto *other = new llvm::GlobalVariable(module, type, /*isConstant=*/true,
                                           llvm::GlobalValue::ExternalLinkage,
                                           /*Initializer=*/nullptr, name);
    other->setVisibility(llvm::GlobalValue::HiddenVisibility);
    others.push_back(other);
  }
  llvm::Constant *fields[] = {
      llvm::ConstantInt::get(i32, MAEK_MODULE_ABI),
      llvm::ConstantInt::get(i32, others.size()),
      addConstant(module, llvm::ConstantDataArray::getString(context, json),
                  "maek.module.json"),
      llvm::ConstantInt::get(i64, json.size()),
      addArray(module, row, table, "maek.module.entries"),
      addArray(module, pointer, others, "maek.module.variants")};
  addConstant(module, llvm::ConstantStruct::get(type, fields), kModuleSymbol);
}

void addGetter(llvm::Module &module, StringRef library) {
  llvm::LLVMContext &context = module.getContext();
  auto *pointer = llvm::PointerType::getUnqual(context);
  auto *getter = llvm::Function::Create(llvm::FunctionType::get(pointer, false),
                                        llvm::Function::ExternalLinkage,
                                        (library + "_module").str(), module);
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context, "", getter));
  builder.CreateRet(module.getNamedGlobal(kModuleSymbol));
}

} // namespace maek

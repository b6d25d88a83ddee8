// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/Header.h"

#include "runtime/core/EntryNames.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
namespace json = llvm::json;

namespace maek {

/// "image : f32[B, 28, 28]"
static void printTensor(llvm::raw_ostream &out, const json::Object &tensor) {
  out << tensor.getString("name").value_or("") << " : "
      << tensor.getString("dtype").value_or("") << "[";
  llvm::interleaveComma(*tensor.getArray("shape"), out,
                        [&](const json::Value &size) {
                          if (auto text = size.getAsString())
                            out << *text;
                          else
                            out << *size.getAsInteger();
                        });
  out << "]";
}

static void printPorts(llvm::raw_ostream &out, const json::Array &ports,
                       ArrayRef<StringRef> roles) {
  for (const json::Value &port : ports) {
    const json::Object &tensor = *port.getAsObject();
    StringRef role = tensor.getString("role").value_or("");
    // What carries a text on is no business of the caller.
    if (!llvm::is_contained(roles, role) ||
        tensor.getString("name").value_or("").starts_with(
            runtime::kCarriedPrefix))
      continue;
    out << " *   " << role << " ";
    printTensor(out, tensor);
    if (auto classes = tensor.getInteger("classes"))
      out << ", classes 0 to " << *classes - 1;
    out << "\n";
  }
}

/// Whether maek.h runs the entry; others are the program's own.
static bool hasFunction(StringRef entry) {
  static constexpr StringRef known[] = {
      runtime::kForward, runtime::kEvaluate, runtime::kTrainStep,
      runtime::kGenerateSource, runtime::kGenerateStep};
  return llvm::is_contained(known, entry);
}

/// The C interface itself, without the line that includes its other half.
static std::string joinHeaders(const RuntimeFiles &files) {
  std::string text = files.moduleHeader + "\n" + files.apiHeader;
  const std::string include = "#include \"maek/module.h\"\n";
  if (size_t at = text.find(include); at != std::string::npos)
    text.erase(at, include.size());
  return text;
}

std::string makeHeader(const json::Object &description, StringRef library,
                       const RuntimeFiles &files) {
  std::string text;
  llvm::raw_string_ostream out(text);
  std::string guard = "MAEK_MODEL_" + StringRef(library).upper() + "_H";
  StringRef name = description.getString("name").value_or("");
  out << "/* " << name << ", compiled by maek " MAEK_VERSION
      << ". Generated: do not edit.\n *\n";
  for (const json::Value &value : *description.getArray("entries")) {
    const json::Object &entry = *value.getAsObject();
    StringRef entryName = entry.getString("name").value_or("");
    if (!hasFunction(entryName))
      continue;
    out << " * " << entryName << "\n";
    printPorts(out, *entry.getArray("arguments"), {"input", "target"});
    printPorts(out, *entry.getArray("results"),
               {"output", "loss", "metric", "report"});
  }
  out << " */\n#ifndef " << guard << "\n#define " << guard << "\n\n"
      << joinHeaders(files)
      << "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
      << "/** The compiled model " << name
      << ", for maek_model_create. */\nMAEK_API const maek_module_t *"
      << library << "_module(void);\n\n"
      << "#ifdef __cplusplus\n}\n#endif\n\n#endif /* " << guard << " */\n";
  return text;
}

} // namespace maek

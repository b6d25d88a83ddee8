// Part of Maek, under the MIT licence; see LICENSE.
#include "tests/support/ModelFiles.h"

#include "dsl/Frontend.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <regex>

using namespace mlir;

namespace maek::test {

namespace {
struct Setting {
  /// "" for every file.
  StringRef file;
  StringRef name, value;
};
} // namespace

/// The first one counts. What is not here keeps its default.
constexpr Setting kSettings[] = {
    {"char_gru", "depth", "2"},
    {"char_gru", "n", "7"},
    {"char_lstm", "depth", "2"},
    {"char_lstm", "n", "7"},
    {"char_transformer", "n", "7"},
    {"cnn", "C", "1"},
    {"deit", "C", "1"},
    {"deit", "p", "14"},
    {"resnet", "n", "1"},
    {"resnet", "size", "16"},
    {"resnet", "stages", "2"},
    {"stacked", "depth", "2"},
    {"timm_deit", "p", "4"},
    {"timm_vit", "p", "4"},
    {"vit", "p", "14"},
    {"", "C", "2"},
    {"", "H", "3"},
    {"", "classes", "3"},
    {"", "d", "4"},
    {"", "depth", "1"},
    {"", "heads", "2"},
    {"", "places", "6"},
    {"", "size", "8"},
    {"", "symbols", "5"},
    {"", "words", "7"},
};

/// Models that are tested once more, with another value.
constexpr Setting kVariants[] = {{"deit", "hard", "0"},
                                 {"rnn", "rectified", "1"}};

/// The small values of what `parameters`, "H = 128, depth = 2", declares.
static std::vector<std::pair<std::string, std::string>>
chooseHyperparameters(StringRef file, const std::string &parameters) {
  static const std::regex declaration("(\\w+) = ");
  std::vector<std::pair<std::string, std::string>> chosen;
  for (std::sregex_iterator
           it(parameters.begin(), parameters.end(), declaration),
       end;
       it != end; ++it) {
    std::string name = (*it)[1];
    const Setting *setting =
        llvm::find_if(kSettings, [&](const Setting &known) {
          return (known.file.empty() || known.file == file) &&
                 known.name == name;
        });
    if (setting != std::end(kSettings))
      chosen.emplace_back(name, setting->value.str());
  }
  return chosen;
}

static void addModels(std::vector<ModelFile> &models, StringRef path) {
  static const std::regex head("(^|\n)model (\\w+)\\(([^{]*)\\) \\{");
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return;
  std::string text = (*buffer)->getBuffer().str();
  StringRef stem = llvm::sys::path::stem(path);
  std::vector<ModelFile> found;
  for (std::sregex_iterator it(text.begin(), text.end(), head), end; it != end;
       ++it)
    found.push_back({stem.str(), path.str(), (*it)[2],
                     chooseHyperparameters(stem, (*it)[3])});
  if (found.size() > 1)
    for (ModelFile &model : found)
      model.name += "_" + model.model;
  llvm::append_range(models, found);
  for (const Setting &variant : kVariants)
    if (variant.file == stem)
      for (ModelFile model : found) {
        model.name += ("_" + variant.name + "_" + variant.value).str();
        model.hyperparameters.emplace_back(variant.name, variant.value);
        models.push_back(model);
      }
}

std::vector<ModelFile> listModelFiles() {
  std::vector<std::string> paths;
  std::error_code error;
  for (const char *folder : {MAEK_MODEL_FILES, MAEK_MORE_MODEL_FILES})
    for (llvm::sys::fs::directory_iterator it(folder, error), end;
         it != end && !error; it.increment(error))
      if (StringRef(it->path()).ends_with(".maek"))
        paths.push_back(it->path());
  llvm::sort(paths);
  std::vector<ModelFile> models;
  for (const std::string &path : paths)
    addModels(models, path);
  return models;
}

OwningOpRef<ModuleOp> emitModelFile(const ModelFile &file, MLIRContext &context,
                                    bool doublePrecision) {
  FrontendOptions options;
  options.model = file.model;
  options.hyperparameters = file.hyperparameters;
  options.doublePrecision = doublePrecision;
  return maek::emitModelFile(file.path, options, context, llvm::errs());
}

Dims makeModelDims(int64_t batch, int64_t steps) {
  // C: places that generate_step keeps, of which makeArguments takes one.
  return {{"B", batch}, {"T", steps},     {"S", steps + 1},
          {"N", steps}, {"M", steps + 1}, {"C", steps + 10}};
}

} // namespace maek::test

// Part of Maek, under the MIT licence; see LICENSE.
#include "tools/maek/Options.h"

#include "ir/Entries.h"

#include "llvm/ADT/StringRef.h"

namespace maek::cli {

void addModelOptions(po::options_description &options) {
  options.add_options()(
      "set", po::value<std::vector<std::string>>()->value_name("NAME=VALUE"),
      "give a hyperparameter of the model another value; may be repeated")(
      "precision",
      po::value<std::string>()->default_value("f32")->value_name("TYPE"),
      "f32 or f64, the element type of the tensors; or bf16, int8 or tf32: "
      "tensors of f32 of which products multiply the nearest numbers of bf16, "
      "in inference codes of 8 bits, or on a GPU the first 11 bits")(
      "model", po::value<std::string>()->default_value("")->value_name("NAME"),
      "which model, if the file has several")(
      ",W", po::value<std::string>()->value_name("error"),
      "-Werror: warnings are errors");
}

FrontendOptions getFrontendOptions(const po::variables_map &options) {
  FrontendOptions frontend;
  const std::string &precision = options["precision"].as<std::string>();
  if (precision != "f32" && precision != "f64" && !findFactors(precision))
    throw UsageError("--precision is f32, f64, bf16, int8 or tf32, not '" +
                     precision + "'");
  frontend.doublePrecision = precision == "f64";
  frontend.model = options["model"].as<std::string>();
  if (options.count("-W")) {
    const std::string &warn = options["-W"].as<std::string>();
    if (warn != "error")
      throw UsageError("-W takes 'error' only, not '" + warn + "'");
    frontend.warningsAreErrors = true;
  }
  if (!options.count("set"))
    return frontend;
  for (const std::string &text :
       options["set"].as<std::vector<std::string>>()) {
    size_t equal = text.find('=');
    if (equal == 0 || equal == std::string::npos || equal + 1 == text.size())
      throw UsageError("--set takes NAME=VALUE, not '" + text + "'");
    frontend.hyperparameters.emplace_back(text.substr(0, equal),
                                          text.substr(equal + 1));
  }
  return frontend;
}

Factors getFactors(const po::variables_map &options) {
  return findFactors(options["precision"].as<std::string>())
      .value_or(Factors::Full);
}

void addSizeOptions(po::options_description &options, const char *use) {
  options.add_options()(
      "batch", po::value<int64_t>()->value_name("N"),
      ("examples at a time " + std::string(use) + " (the model's batch)")
          .c_str())(
      "dim", po::value<std::vector<std::string>>()->value_name("NAME=SIZE"),
      ("a dynamic size " + std::string(use) + ", as T=100; may be repeated")
          .c_str());
}

Sizes getSizes(const po::variables_map &options) {
  constexpr int64_t most = 1 << 30;
  Sizes sizes;
  auto add = [&](const std::string &name, int64_t size,
                 const std::string &option) {
    if (size < 1 || size > most)
      throw UsageError(option + " is 1 to " + std::to_string(most) + ", not " +
                       std::to_string(size));
    sizes[name] = size;
  };
  if (options.count("batch"))
    add(kBatchSymbol.str(), options["batch"].as<int64_t>(), "--batch");
  if (options.count("dim"))
    for (const std::string &text :
         options["dim"].as<std::vector<std::string>>()) {
      auto [name, value] = llvm::StringRef(text).split('=');
      int64_t size;
      if (name.empty() || value.getAsInteger(10, size))
        throw UsageError("--dim takes NAME=SIZE, not '" + text + "'");
      add(name.str(), size, "--dim " + name.str());
    }
  return sizes;
}

std::string getInput(const po::variables_map &options) {
  if (!options.count("input"))
    throw UsageError("a model file is needed");
  const auto &words = options["input"].as<std::vector<std::string>>();
  if (words.size() != 1)
    throw UsageError("one model file at a time; found '" + words[1] + "' too");
  return words.front();
}

} // namespace maek::cli

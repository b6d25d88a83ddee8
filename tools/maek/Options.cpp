// Part of Maek, under the MIT licence; see LICENSE.
#include "tools/maek/Options.h"

namespace maek::cli {

void addModelOptions(po::options_description &options) {
  options.add_options()(
      "set", po::value<std::vector<std::string>>()->value_name("NAME=VALUE"),
      "give a hyperparameter of the model another value; may be repeated")(
      "precision",
      po::value<std::string>()->default_value("f32")->value_name("TYPE"),
      "f32 or f64, the element type of the tensors; or bf16 or int8: tensors "
      "of "
      "f32 of which products multiply the nearest numbers of bf16, in "
      "inference "
      "codes of 8 bits")(
      "model", po::value<std::string>()->default_value("")->value_name("NAME"),
      "which model, if the file has several")(
      ",W", po::value<std::string>()->value_name("error"),
      "-Werror: warnings are errors");
}

FrontendOptions getFrontendOptions(const po::variables_map &options) {
  FrontendOptions frontend;
  const std::string &precision = options["precision"].as<std::string>();
  if (precision != "f32" && precision != "f64" && !findFactors(precision))
    throw UsageError("--precision is f32, f64, bf16 or int8, not '" +
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

std::string getInput(const po::variables_map &options) {
  if (!options.count("input"))
    throw UsageError("a model file is needed");
  const auto &words = options["input"].as<std::vector<std::string>>();
  if (words.size() != 1)
    throw UsageError("one model file at a time; found '" + words[1] + "' too");
  return words.front();
}

} // namespace maek::cli

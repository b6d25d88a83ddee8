// Part of Maek, under the MIT licence; see LICENSE.
// The commands of a generated program and what they share.
#ifndef MAEK_RUNTIME_CLI_COMMANDS_H
#define MAEK_RUNTIME_CLI_COMMANDS_H

#include "runtime/cli/CommandLine.h"
#include "runtime/core/Model.h"
#include <optional>

namespace maek::runtime {

/// The program that runs: its module and the name it was called by.
struct Program {
  const maek_module_t *module;
  ModuleInfo info;
  std::string name;

  CommandLine commandLine(std::string command, std::string summary) const {
    return CommandLine(name, std::move(command), std::move(summary));
  }
};

using Arguments = std::span<const std::string>;

// Each reads its arguments and returns the exit code.
int runTrain(const Program &program, Arguments arguments);
int runEval(const Program &program, Arguments arguments);
int runCalibrate(const Program &program, Arguments arguments);
int runPredict(const Program &program, Arguments arguments);
int runGenerate(const Program &program, Arguments arguments);
int runConvert(const Program &program, Arguments arguments);
int runBench(const Program &program, Arguments arguments);
int runInfo(const Program &program, Arguments arguments);

/// Where the user wants a model to run, see placeModel.
struct DeviceChoice {
  std::optional<std::string> name;
  bool isQuiet = false;
};

/// A model with first weights, at its place. Where there is a choice of places,
/// a line on standard error says which one it is.
Expected<std::unique_ptr<Model>>
makeModel(const Program &program, const DeviceChoice &device, uint64_t seed);

/// A model with the weights of a file, and what the file says of them. Weights
/// that are not finite are warned of.
struct LoadedModel {
  std::unique_ptr<Model> model;
  Metadata metadata;
};
/// `weights` may be empty if the model has no parameters. Those that one of the
/// patterns `fresh` takes need not be in the file.
Expected<LoadedModel> loadModel(const Program &program,
                                const DeviceChoice &device,
                                const std::string &weights,
                                std::span<const std::string> fresh = {});
/// The option `--weights`; complains without, if the model has parameters.
std::string readWeights(CommandLine &line, const Program &program);

/// Prints "program: error: message"; returns ExitError.
int report(const Program &program, const Error &error);

/// Whether the paths are those of one file, there or not.
bool isSameFile(const std::string &a, const std::string &b);
/// Complains if two of the options name one file.
void checkDistinct(CommandLine &line,
                   std::initializer_list<const char *> files);

struct Dataset;
/// An error if `written` is a file that examples came from.
Error checkKeepsData(const std::string &written, const Dataset &data);

// Options that several commands have: declared, then read.
void addBatchOption(CommandLine &line, const Program &program);
int64_t readBatch(CommandLine &line, const Program &program);
void addDeviceOption(CommandLine &line);
/// Complains about a name that no device can have.
DeviceChoice readDevice(CommandLine &line);
void addThreadsOption(CommandLine &line);
/// Tells the kernels; returns how many threads they use.
int applyThreads(int64_t threads);
void addDataOptions(CommandLine &line, const Program &program);
/// The data set's name, `otherwise` if the user gives none; complains if it is
/// empty.
std::string readDataName(CommandLine &line, const std::string &otherwise);
void addDimOption(CommandLine &line);
/// Reads --dim NAME=SIZE into the values of the entry's symbols; B comes from
/// `batch`. Complains about missing ones, and those that neither this entry nor
/// one of `others` has.
std::vector<int64_t> readDims(CommandLine &line, const EntryInfo &entry,
                              int64_t batch,
                              std::span<const EntryInfo> others = {});

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CLI_COMMANDS_H

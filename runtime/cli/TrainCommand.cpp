// Part of Maek, under the MIT licence; see LICENSE.
// `train`: learns on a data set, saves checkpoints, goes on from them.
#include "runtime/cli/Commands.h"
#include "runtime/cli/TrainConsole.h"
#include "runtime/core/Defaults.h"
#include "runtime/core/EntryNames.h"
#include "runtime/core/Names.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <sstream>

using namespace maek::runtime;

namespace {
struct TrainRequest {
  TrainOptions options;
  std::string folder, weights, resume, csv, jsonl;
  std::vector<std::string> fresh; ///< patterns of what `weights` does not set
  std::vector<std::string> files; ///< of the used models' weights, or empty
  int64_t threads = 0, logEvery = 0;
  DeviceChoice device;
  bool quiet = false;
};
} // namespace

static void addOptions(CommandLine &line, const Program &program) {
  const SettingsInfo &settings = program.info.settings;
  line.add("epochs", "N",
           text("passes over the data (", settings.epochs.value_or(1), ")"));
  line.add("examples", "N",
           "train on so many examples only, drawn by the seed (all)");
  line.add("evaluate-every", "N", "epochs between evaluations, 0 for none (1)");
  addBatchOption(line, program);
  line.add(
      "lr", "X",
      text("learning rate (", settings.lr.value_or(TrainOptions().lr), ")"));
  line.add("seed", "N",
           text("of first weights, choice and order of examples (",
                settings.seed.value_or(0), ")"));
  line.add("save", "FILE",
           "checkpoint, written after each epoch and on Ctrl-C");
  line.add("save-every", "N", "also after each N steps");
  line.add("weights", "FILE",
           "begin with these weights, of this model or in one of the formats "
           "of its weights blocks");
  line.addList("fresh", "PATTERN[,PATTERN]",
               "parameters that --weights leaves as a new run has them, such "
               "as 'head.*'; the file may lack them or have other sizes");
  line.add("resume", "FILE",
           "go on from this checkpoint, with its options where none are "
           "given, and save there");
  if (!program.info.settings.uses.empty())
    line.addList("use", "NAME=FILE", "weights of a model that this one uses");
  addDataOptions(line, program);
  addDeviceOption(line);
  addThreadsOption(line);
  line.add("log-csv", "FILE", "figures as a table");
  line.add("log-jsonl", "FILE", "figures as JSON lines");
  line.add("log-every", "N", "also log each Nth step");
  line.addFlag("quiet", "no progress, no lines for epochs");
}

// What holds where the command line says nothing: the checkpoint that the run
// goes on from, else the model file.
static Expected<TrainOptions> defaultOptions(const std::string &resume,
                                             const Program &program) {
  if (!resume.empty())
    return readTrainOptions(resume);
  const SettingsInfo &settings = program.info.settings;
  TrainOptions options;
  options.data = settings.data;
  options.epochs = settings.epochs.value_or(1);
  options.batch = settings.batch.value_or(kDefaultBatch);
  options.lr = settings.lr.value_or(options.lr);
  options.seed = static_cast<uint64_t>(settings.seed.value_or(0));
  return options;
}

// One file for each model that is used: the command line's, else the model
// file's. Weights that the run begins with or goes on from are those of the
// used models, too.
static std::vector<std::string> readUses(CommandLine &line,
                                         const std::vector<UseInfo> &uses) {
  std::vector<std::string> files;
  std::vector<std::string_view> names;
  bool resumes = line.has("resume");
  for (const UseInfo &use : uses) {
    files.push_back(resumes || line.has("weights") ? "" : use.file);
    names.push_back(use.name);
  }
  if (uses.empty())
    return files;
  for (const std::string &given : line.list("use")) {
    size_t equals = given.find('=');
    auto known = std::find(names.begin(), names.end(), given.substr(0, equals));
    if (equals == std::string::npos || equals + 1 == given.size())
      line.complain("option '--use' needs NAME=FILE, found '", given, "'");
    else if (known == names.end())
      line.complain("the model uses no '", given.substr(0, equals), "'",
                    suggest(given.substr(0, equals), names));
    else if (resumes)
      line.complain("option '--use' is for a new run; with '--resume' the "
                    "checkpoint has the weights");
    else
      files[static_cast<size_t>(known - names.begin())] =
          given.substr(equals + 1);
  }
  return files;
}

static std::vector<std::string> readFresh(CommandLine &line) {
  std::vector<std::string> patterns;
  for (const std::string &given : line.list("fresh")) {
    std::istringstream list(given);
    for (std::string pattern; std::getline(list, pattern, ',');)
      patterns.push_back(pattern);
  }
  if (line.has("fresh") && patterns.empty())
    line.complain("option '--fresh' needs a tensor's name or a pattern");
  if (!patterns.empty() && !line.has("weights"))
    line.complain("option '--fresh' needs '--weights'");
  return patterns;
}

static TrainRequest readOptions(CommandLine &line, const Program &program,
                                const TrainOptions &defaults) {
  TrainRequest request;
  TrainOptions &options = request.options;
  options.data = readDataName(line, defaults.data);
  options.epochs = line.count("epochs", defaults.epochs, 1, maxCount);
  options.batch = line.count("batch", defaults.batch, 1, maxCount);
  options.examples = line.count("examples", defaults.examples, 1, maxCount);
  options.evaluateEvery = line.count("evaluate-every", 1, 0, maxCount);
  options.lr = line.positive("lr", defaults.lr);
  options.seed = line.seed("seed", defaults.seed);
  options.save = line.string("save", defaults.save);
  options.saveEvery = line.count("save-every", 0, 1, maxCount);
  if (options.saveEvery > 0 && options.save.empty())
    line.complain("option '--save-every' needs '--save'");
  request.weights = line.string("weights");
  request.resume = line.string("resume");
  if (!request.weights.empty() && !request.resume.empty())
    line.complain("option '--weights' is for a new run; with '--resume' the "
                  "checkpoint has the weights");
  request.fresh = readFresh(line);
  request.files = readUses(line, program.info.settings.uses);
  request.folder = line.string("data-dir");
  request.device = readDevice(line);
  request.threads = line.count("threads", 0, 1, 1024);
  request.csv = line.string("log-csv");
  request.jsonl = line.string("log-jsonl");
  request.logEvery = line.count("log-every", 0, 1, maxCount);
  if (request.logEvery > 0 && request.csv.empty() && request.jsonl.empty())
    line.complain("option '--log-every' needs '--log-csv' or '--log-jsonl'");
  request.quiet = line.flag("quiet");
  checkDistinct(line, {"save", "log-csv", "log-jsonl"});
  // A checkpoint may replace what the run began with, figures may not.
  for (const char *read : {"weights", "resume"})
    for (const char *written : {"log-csv", "log-jsonl"})
      checkDistinct(line, {read, written});
  for (const std::string &file : request.files)
    for (const char *written : {"save", "log-csv", "log-jsonl"})
      if (!file.empty() && isSameFile(file, line.string(written)))
        line.complain("option '--", written, "' names '", file,
                      "', the weights of a model that is used");
  return request;
}

// The names of all figures, those of training first.
static std::vector<std::string> logColumns(const Trainer &trainer) {
  std::vector<std::string> columns;
  for (const Meter *meter : {&trainer.meter(), trainer.evaluation()})
    for (size_t i = 0; meter && i < meter->size(); ++i)
      if (std::find(columns.begin(), columns.end(), meter->name(i)) ==
          columns.end())
        columns.push_back(meter->name(i));
  return columns;
}

// Examples are not written over, neither by weights nor by figures.
static Error checkKeepsData(const TrainRequest &request, const Dataset &data) {
  for (const std::string &written :
       {request.options.save, request.csv, request.jsonl})
    if (Error error = checkKeepsData(written, data))
      return error;
  return Error::success();
}

// Says where it stopped; the exit code of an interrupted run.
static int reportInterrupt(const Program &program, const Trainer &trainer,
                           const TrainRequest &request) {
  const TrainPosition &at = trainer.position();
  const std::string &save = request.options.save;
  // A checkpoint remembers what is trained, not where files lie.
  std::string again;
  for (const auto &[option, file] : {std::pair("data-dir", &request.folder),
                                     std::pair("log-csv", &request.csv),
                                     std::pair("log-jsonl", &request.jsonl)})
    if (!file->empty())
      append(again, text(" --", option, ' ', *file));
  if (request.logEvery > 0)
    append(again, text(" --log-every ", request.logEvery));
  std::string line =
      text(program.name, ": interrupted at epoch ", at.epoch + 1, ", batch ",
           at.batch, " of ", at.batches, "; ",
           save.empty() ? "nothing saved, there was no --save"
                        : "saved; go on with --resume " + save + again);
  std::fprintf(stderr, "%s\n", line.c_str());
  return ExitInterrupted;
}

// The weights that the run begins with or goes on from, and what their file
// says of them; nothing of a run that begins anew.
static Expected<Metadata> loadWeights(Model &model,
                                      const TrainRequest &request) {
  if (!request.weights.empty())
    return model.loadToBegin(request.weights, request.fresh);
  if (!request.resume.empty())
    return model.load(request.resume, /*complete=*/true);
  return Metadata();
}

static Error loadUses(Model &model, const TrainRequest &request) {
  const std::vector<UseInfo> &uses = model.module().settings.uses;
  for (size_t i = 0; i < uses.size(); ++i) {
    if (!request.files[i].empty()) {
      if (Error error = model.loadUsed(uses[i], request.files[i]))
        return error;
    } else if (uses[i].frozen && request.resume.empty() &&
               request.weights.empty()) {
      return makeError(MAEK_INVALID_ARGUMENT, "the model '", uses[i].name,
                       "' is frozen and needs weights: give --use ",
                       uses[i].name, "=FILE");
    }
  }
  return Error::success();
}

// A learning rate that only rises is seldom meant.
static void warnOfWarmup(const Program &program, const Trainer &trainer) {
  for (const auto &[name, number] : program.info.settings.scheduleArguments)
    if (name == "warmup" &&
        number > static_cast<double>(trainer.plannedUpdates()))
      std::fprintf(stderr,
                   "%s: warning: the warm-up of %s updates is longer than the "
                   "run of %lld\n",
                   program.name.c_str(), text(number).c_str(),
                   static_cast<long long>(trainer.plannedUpdates()));
}

static int trainModel(const Program &program, size_t entry,
                      const TrainRequest &request) {
  const TrainOptions &options = request.options;
  applyThreads(request.threads);
  InterruptExit beforeFirstStep(program.name +
                                ": interrupted before the first step");
  Expected<std::unique_ptr<Model>> model =
      makeModel(program, request.device, options.seed);
  if (!model)
    return report(program, model.takeError());
  // What the data must be read by: the characters behind the classes.
  Expected<Metadata> known = loadWeights(**model, request);
  if (!known)
    return report(program, known.takeError());
  if (Error error = loadUses(**model, request))
    return report(program, error);
  const EntryInfo &ports = program.info.entries[entry];
  Expected<Dataset> train =
      loadDataset(options.data, request.folder, Split::Train, ports, *known);
  if (!train)
    return report(program, train.takeError());
  if (Error error = checkKeepsData(request, *train))
    return report(program, error);
  std::optional<Dataset> test;
  if (options.evaluateEvery > 0) {
    Expected<Dataset> loaded =
        loadDataset(options.data, request.folder, Split::Test, ports, *known);
    if (!loaded) {
      Error error = loaded.takeError();
      if (error.code() != MAEK_IO_ERROR)
        return report(program, error);
      return report(program, makeError(error.code(), error.message(),
                                       "; --evaluate-every 0 needs no test "
                                       "set"));
    }
    test = std::move(*loaded);
    if (Error error = checkKeepsData(request, *test))
      return report(program, error);
  }
  Expected<Trainer> trainer =
      Trainer::create(**model, *train, test ? &*test : nullptr, options);
  if (!trainer)
    return report(program, trainer.takeError());
  if (!request.resume.empty())
    if (Error error = trainer->resume(request.resume, *known))
      return report(program, error);
  if (Error error = trainer->checkSave())
    return report(program, error);
  RunLog log;
  if (Error error = log.open(request.csv, request.jsonl,
                             !request.resume.empty(), logColumns(*trainer)))
    return report(program, error);

  warnOfWarmup(program, *trainer);
  TrainConsole console(
      **model, log, request.logEvery, request.quiet, trainer->examplesDone(),
      text(program.name,
           ": interrupted: ", options.save.empty() ? "ending" : "saving",
           " after this step; once more ends at once",
           options.save.empty() ? "" : ", without saving"));
  Expected<Outcome> outcome = trainer->run(console);
  console.finish();
  if (!outcome)
    return report(program, outcome.takeError());
  if (Error error = log.check())
    return report(program, error);
  if (*outcome == Outcome::Interrupted)
    return reportInterrupt(program, *trainer, request);
  if (request.quiet)
    return ExitSuccess;
  if (console.saved())
    std::printf("saved %s at step %lld\n", options.save.c_str(),
                static_cast<long long>((*model)->step));
  else if (!request.resume.empty())
    std::printf("nothing left to do: %s has all %lld epochs\n",
                request.resume.c_str(),
                static_cast<long long>(trainer->position().epoch));
  else
    std::printf("the weights are not kept: there was no --save\n");
  return ExitSuccess;
}

int maek::runtime::runTrain(const Program &program, Arguments arguments) {
  CommandLine line = program.commandLine(
      "train", "Trains the model and evaluates it after each epoch.");
  addOptions(line, program);
  if (std::optional<int> code = line.parse(arguments))
    return *code;
  std::optional<size_t> entry = program.info.findEntry(kTrainStep);
  if (!entry)
    return report(program, makeError(MAEK_INVALID_ARGUMENT,
                                     "the model has no training step"));
  Expected<TrainOptions> defaults =
      defaultOptions(line.string("resume"), program);
  if (!defaults)
    return report(program, defaults.takeError());
  TrainRequest request = readOptions(line, program, *defaults);
  if (std::optional<int> code = line.check())
    return *code;
  return trainModel(program, *entry, request);
}

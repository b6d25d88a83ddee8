// Part of Maek, under the MIT licence; see LICENSE.
// `generate`: text from a language model, one symbol after another, or what a
// model says of each example of a source.
#include "runtime/cli/Commands.h"
#include "runtime/cli/PortFiles.h"
#include "runtime/cli/Stepper.h"
#include "runtime/core/EntryNames.h"
#include "runtime/core/Philox.h"
#include "runtime/data/Text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <numeric>

using namespace maek::runtime;

namespace {
/// How the next symbol is chosen.
struct Sampling {
  double temperature = 1, topP = 1;
  int64_t topK = 0; ///< 0: all
  bool isGreedy = false;
  uint64_t seed = 0;
  int64_t length = 0;
  bool hasLength = false; ///< the user's
  std::string stop;       ///< ends the text; empty: nothing does
};

/// Symbols as people read them: characters, or where no vocabulary is known
/// their numbers with blanks between.
class Script {
public:
  Script(const Vocabulary *vocabulary, int64_t classes)
      : vocabulary(vocabulary), classes(classes) {}

  /// The symbols of an option's value.
  Expected<std::vector<int32_t>> encode(const std::string &text,
                                        const char *option) const;
  std::string decode(int32_t symbol, bool isFirst) const;
  size_t size() const {
    return static_cast<size_t>(vocabulary ? vocabulary->size() : classes);
  }

private:
  const Vocabulary *vocabulary;
  int64_t classes;
};
} // namespace

Expected<std::vector<int32_t>> Script::encode(const std::string &text,
                                              const char *option) const {
  if (vocabulary)
    return vocabulary->encode(text, option);
  std::vector<int32_t> symbols;
  const char *at = text.data(), *end = at + text.size();
  while (true) {
    at = std::find_if(at, end, [](char c) { return c != ' '; });
    if (at == end)
      return symbols;
    int32_t symbol = -1;
    auto [behind, status] = std::from_chars(at, end, symbol);
    if (status != std::errc() || (behind != end && *behind != ' ') ||
        symbol < 0 || symbol >= classes)
      return makeError(MAEK_INVALID_ARGUMENT, option, ": '",
                       std::string(at, std::find(at, end, ' ')),
                       "' is none of the symbols 0 to ", classes - 1);
    symbols.push_back(symbol);
    at = behind;
  }
}

std::string Script::decode(int32_t symbol, bool isFirst) const {
  return vocabulary ? vocabulary->decode(symbol)
                    : text(isFirst ? "" : " ", symbol);
}

// A probability comes from them: minus infinity is 0, not all may be.
static Error checkScores(std::span<const double> scores) {
  double highest = -HUGE_VAL;
  for (double score : scores) {
    if (std::isnan(score) || score == HUGE_VAL)
      return makeError(MAEK_NOT_FINITE, "the model gave the score ", score,
                       " to a symbol; are these weights of a training that "
                       "went wrong?");
    highest = std::max(highest, score);
  }
  if (std::isinf(highest))
    return makeError(MAEK_NOT_FINITE, "the model rules out all symbols");
  return Error::success();
}

// Draws a class among the likeliest ones: at most `topK`, and no more than are
// needed for the probability `topP` (Holtzman et al. 2020).
static int32_t choose(std::span<const double> scores, const Sampling &sampling,
                      uint64_t index) {
  // Of equal ones the first.
  if (sampling.isGreedy)
    return static_cast<int32_t>(std::max_element(scores.begin(), scores.end()) -
                                scores.begin());
  std::vector<int32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  auto isBefore = [&](int32_t a, int32_t b) {
    double first = scores[static_cast<size_t>(a)];
    double second = scores[static_cast<size_t>(b)];
    return first > second || (first == second && a < b);
  };
  if (sampling.topK > 0 && static_cast<size_t>(sampling.topK) < order.size()) {
    auto end = order.begin() + static_cast<std::ptrdiff_t>(sampling.topK);
    std::nth_element(order.begin(), end, order.end(), isBefore);
    order.erase(end, order.end());
  }
  std::sort(order.begin(), order.end(), isBefore);
  std::vector<double> weights;
  double highest = scores[static_cast<size_t>(order[0])];
  for (int32_t symbol : order)
    weights.push_back(std::exp((scores[static_cast<size_t>(symbol)] - highest) /
                               sampling.temperature));
  double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  double kept = 0;
  size_t count = 0;
  while (count < weights.size() && (count == 0 || kept < sampling.topP * total))
    kept += weights[count++];
  double rest = RandomStream(sampling.seed, "generate").uniform(index) * kept;
  for (size_t i = 0; i + 1 < count; ++i) {
    rest -= weights[i];
    if (rest < 0)
      return order[i];
  }
  return order[count - 1];
}

/// How many symbols may be added to a text that was begun with `known` ones, of
/// which the prompt has `given`: the last is not read again.
static Expected<int64_t> fitLength(const Stepper &stepper, int64_t known,
                                   int64_t given, const Sampling &sampling) {
  int64_t room = stepper.length() - known + 1;
  if (room >= sampling.length)
    return sampling.length;
  if (sampling.hasLength)
    return makeError(MAEK_INVALID_ARGUMENT,
                     "the prompt and --length together may be ", room + given,
                     ", found ", given, " + ", sampling.length,
                     ": the model has learned no more positions");
  if (room < 1)
    return makeError(MAEK_INVALID_ARGUMENT, "the prompt may be ",
                     room + given - 1, ", found ", given,
                     ": the model has learned no more positions");
  return room;
}

static bool endsWith(const std::vector<int32_t> &symbols,
                     const std::vector<int32_t> &end) {
  return !end.empty() && symbols.size() >= end.size() &&
         std::equal(end.rbegin(), end.rend(), symbols.rbegin());
}

/// Prints one text, or what is said of one example of a source.
static Error generate(Stepper &stepper, const Vocabulary *vocabulary,
                      const std::optional<std::string> &prompt,
                      std::span<const maek_tensor_t> source, int64_t example,
                      const Sampling &sampling) {
  std::optional<int32_t> start = stepper.start();
  Script script(vocabulary, stepper.classes());
  Expected<std::vector<int32_t>> piece =
      script.encode(prompt.value_or(start ? "" : "\n"), "--prompt");
  if (!piece)
    return piece.takeError();
  Expected<std::vector<int32_t>> stop = script.encode(sampling.stop, "--stop");
  if (!stop)
    return stop.takeError();
  if (stop->empty() && !sampling.stop.empty())
    return makeError(MAEK_INVALID_ARGUMENT, "--stop: '", sampling.stop,
                     "' names no symbol");
  auto given = static_cast<int64_t>(piece->size());
  int64_t known = given + (start ? 1 : 0);
  if (Error error = stepper.begin(known + sampling.length - 1, source))
    return error;
  Expected<int64_t> length = fitLength(stepper, known, given, sampling);
  if (!length)
    return length.takeError();
  bool isFirst = true;
  auto print = [&](int32_t symbol) {
    std::string text = script.decode(symbol, isFirst);
    std::fwrite(text.data(), 1, text.size(), stdout);
    isFirst = false;
  };
  std::for_each(piece->begin(), piece->end(), print);
  if (start)
    piece->insert(piece->begin(), *start);
  std::vector<int32_t> said;
  for (int64_t i = 0; i < *length && !endsWith(said, *stop); ++i) {
    Expected<std::vector<double>> scores = stepper.read(*piece);
    if (!scores)
      return scores.takeError();
    // The model may have more classes than the text that it learned.
    scores->resize(std::min(scores->size(), script.size()));
    if (Error error = checkScores(*scores))
      return error;
    int32_t symbol =
        choose(*scores, sampling,
               static_cast<uint64_t>(example * sampling.length + i));
    said.push_back(symbol);
    print(symbol);
    std::fflush(stdout);
    piece->assign(1, symbol);
  }
  std::printf("\n");
  return Error::success();
}

static Error generateAll(const Program &program, LoadedModel &loaded,
                         const std::string &weights,
                         const std::vector<PortFile> &files,
                         const std::optional<std::string> &prompt,
                         const Sampling &sampling) {
  Expected<std::optional<Vocabulary>> vocabulary =
      Vocabulary::read(loaded.metadata, weights);
  if (!vocabulary)
    return vocabulary.takeError();
  std::optional<size_t> source = program.info.findEntry(kGenerateSource);
  if (!*vocabulary && !source)
    return makeError(MAEK_BAD_FILE, weights,
                     ": does not say which characters the classes are; "
                     "weights trained on the data set 'text' do");
  const Vocabulary *known = *vocabulary ? &**vocabulary : nullptr;
  Expected<Stepper> stepper = Stepper::create(*loaded.model);
  if (!stepper)
    return stepper.takeError();
  if (!source)
    return generate(*stepper, known, prompt, {}, 0, sampling);
  Expected<FileInputs> inputs =
      FileInputs::read(files, program.info.entries[*source]);
  if (!inputs)
    return inputs.takeError();
  for (int64_t i = 0; i < inputs->examples(); ++i)
    if (Error error =
            generate(*stepper, known, prompt, inputs->slice(i, 1), i, sampling))
      return error;
  return Error::success();
}

static Sampling readSampling(CommandLine &line) {
  constexpr int64_t usual = 500;
  Sampling sampling;
  sampling.length = line.count("length", usual, 1, maxCount);
  sampling.hasLength = line.has("length");
  sampling.stop = line.string("stop");
  if (line.has("stop") && sampling.stop.empty())
    line.complain("option '--stop' needs a text");
  sampling.temperature = line.positive("temperature", 1);
  sampling.topK = line.count("top-k", 0, 1, maxCount);
  sampling.topP = line.positive("top-p", 1);
  if (sampling.topP > 1)
    line.complain("option '--top-p' needs a number up to 1, found '",
                  line.string("top-p"), "'");
  sampling.isGreedy = line.flag("greedy");
  sampling.seed = line.seed("seed", 0);
  return sampling;
}

int maek::runtime::runGenerate(const Program &program, Arguments arguments) {
  std::optional<size_t> source = program.info.findEntry(kGenerateSource);
  CommandLine line = program.commandLine(
      "generate",
      source ? "Prints what the model says of each example of the inputs."
             : "Prints a text that goes on from the prompt.");
  line.add("weights", "FILE", "safetensors file to use");
  if (source)
    line.addList("input", "[NAME=]FILE", ".npy file of an input to speak of");
  line.add("prompt", "TEXT",
           source ? "how what it says begins: characters, or numbers of "
                    "symbols with blanks between"
                  : "how the text begins (a line's end)");
  line.add("length", "N",
           source ? "symbols to add (500, or as many as fit)"
                  : "characters, or bytes, to add (500, or as many as fit)");
  line.add("stop", "TEXT",
           source ? "end once this is said: characters, or numbers of symbols"
                  : "end once this is said");
  line.add("temperature", "X",
           "below 1 the likely ones become likelier, above 1 less so (1)");
  line.add("top-k", "N", "choose among the N likeliest only");
  line.add("top-p", "X",
           "choose among the likeliest of together this probability (1)");
  line.addFlag("greedy", "always the likeliest one");
  line.add("seed", "N", "of the choices (0)");
  addDeviceOption(line);
  addThreadsOption(line);
  if (std::optional<int> code = line.parse(arguments))
    return *code;
  std::string weights = readWeights(line, program);
  std::optional<std::string> prompt;
  if (line.has("prompt"))
    prompt = line.string("prompt");
  if (prompt && prompt->empty())
    line.complain("option '--prompt' needs a text");
  std::vector<PortFile> files;
  if (source) {
    files = bindFiles(line, "input", program.info.entries[*source].arguments,
                      Role::Input);
    requireFiles(line, files);
  }
  Sampling sampling = readSampling(line);
  int64_t threads = line.count("threads", 0, 1, 1024);
  DeviceChoice device = readDevice(line);
  if (std::optional<int> code = line.check())
    return *code;

  if (!program.info.findEntry(kGenerateStep))
    return report(
        program,
        makeError(MAEK_INVALID_ARGUMENT,
                  "the model cannot generate: that takes an input [T] of "
                  "class(n), and an output [T, n] of which each step knows "
                  "only what came before, by way of cells or of causal "
                  "attention"));
  applyThreads(threads);
  Expected<LoadedModel> loaded = loadModel(program, device, weights);
  if (!loaded)
    return report(program, loaded.takeError());
  if (Error error =
          generateAll(program, *loaded, weights, files, prompt, sampling))
    return report(program, error);
  return ExitSuccess;
}

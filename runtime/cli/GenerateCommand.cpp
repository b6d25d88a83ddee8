// Part of Maek, under the MIT licence; see LICENSE.
// `generate`: text from a language model, one symbol after another. The entry
// generate_step takes a piece of the text and the states that the last piece
// left; its scores at the last place are for the symbol that comes next. With
// attention a piece is one symbol, and the states are what was seen so far.
#include "runtime/cli/Commands.h"
#include "runtime/core/Philox.h"
#include "runtime/data/Text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <numeric>

using namespace maek::runtime;

namespace {
/// How the next symbol is chosen.
struct Sampling {
  double temperature = 1, topP = 1;
  int64_t topK = 0; ///< 0: all
  bool isGreedy = false;
  uint64_t seed = 0;
};

/// The arguments of the entry, and what each is read from afterwards.
class Stepper {
public:
  /// For texts of at most `room` symbols.
  static Expected<Stepper> create(Model &model, size_t entry, int64_t room);
  /// Reads on; the scores of what comes next, one for each class.
  Expected<std::vector<double>> read(std::span<const int32_t> piece);

private:
  /// What one call hands to the next.
  struct State {
    const PortInfo *port;
    std::optional<size_t> result; ///< its new value among the results
    std::vector<int64_t> shape;
    std::vector<std::byte> data;
  };
  Stepper(Model &model, size_t entry) : model(&model), entry(entry) {}
  Error add(const PortInfo &port, const std::vector<int64_t> &dims);
  Error run(std::span<const int32_t> piece);
  const EntryInfo &info() const { return model->module().entries[entry]; }

  Model *model;
  size_t entry;
  size_t scores = 0;
  const PortInfo *text = nullptr;
  int64_t position = 0; ///< symbols that were read
  std::vector<State> states;
};
} // namespace

static std::optional<size_t> findResult(const EntryInfo &entry,
                                        std::string_view name) {
  for (size_t i = 0; i < entry.results.size(); ++i)
    if (entry.results[i].name == name)
      return i;
  return std::nullopt;
}

Error Stepper::add(const PortInfo &port, const std::vector<int64_t> &dims) {
  State state{&port, findResult(info(), port.name), {}, {}};
  bool isKnown = state.result || port.name == "state.begins" ||
                 port.name == "state.position";
  for (const Extent &extent : port.shape)
    state.shape.push_back(extent.evaluate(dims).value_or(0));
  std::optional<int64_t> bytes = countBytes(state.shape, port.dtype);
  if (!isKnown || !bytes)
    return makeError(MAEK_BAD_MODULE, "entry '", info().name,
                     "' has no use for '", port.name, "'");
  state.data.resize(static_cast<size_t>(*bytes));
  states.push_back(std::move(state));
  return Error::success();
}

Expected<Stepper> Stepper::create(Model &model, size_t entry, int64_t room) {
  Stepper stepper(model, entry);
  const EntryInfo &info = stepper.info();
  // One example. What is no batch is the room of what attention keeps.
  std::vector<int64_t> dims;
  for (const std::string &symbol : info.symbols)
    dims.push_back(symbol == "B" ? 1 : room);
  for (const PortInfo &port : info.arguments) {
    if (port.role != Role::Input)
      continue;
    if (port.dtype == MAEK_I32)
      stepper.text = &port;
    else if (Error error = stepper.add(port, dims))
      return error;
  }
  for (size_t i = 0; i < info.results.size(); ++i)
    if (std::none_of(stepper.states.begin(), stepper.states.end(),
                     [&](const State &state) { return state.result == i; }))
      stepper.scores = i;
  if (!stepper.text || stepper.text->shape.size() != 2 ||
      info.results[stepper.scores].shape.size() != 3)
    return makeError(MAEK_BAD_MODULE, "entry '", info.name,
                     "' is not what it should be");
  return stepper;
}

static void setNumber(std::vector<std::byte> &data, maek_dtype_t dtype,
                      double value) {
  auto narrow = static_cast<float>(value);
  if (dtype == MAEK_F64)
    std::memcpy(data.data(), &value, sizeof(value));
  else
    std::memcpy(data.data(), &narrow, sizeof(narrow));
}

Error Stepper::run(std::span<const int32_t> piece) {
  const int64_t shape[] = {1, static_cast<int64_t>(piece.size())};
  std::vector<maek_tensor_t> given = {{text->name.c_str(), MAEK_I32, 2, shape,
                                       const_cast<int32_t *>(piece.data())}};
  for (State &state : states) {
    if (state.port->name == "state.begins")
      setNumber(state.data, state.port->dtype, position == 0 ? 1 : 0);
    else if (state.port->name == "state.position")
      setNumber(state.data, state.port->dtype, static_cast<double>(position));
    given.push_back({state.port->name.c_str(), state.port->dtype,
                     static_cast<int32_t>(state.shape.size()),
                     state.shape.data(), state.data.data()});
  }
  if (Error error = model->run(entry, given))
    return error;
  for (State &state : states)
    if (state.result)
      std::memcpy(state.data.data(), model->result(entry, *state.result).data,
                  state.data.size());
  position += shape[1];
  return Error::success();
}

Expected<std::vector<double>> Stepper::read(std::span<const int32_t> piece) {
  // With attention, one symbol after another.
  while (text->shape[1].isStatic() && piece.size() > 1) {
    if (Error error = run(piece.first(1)))
      return error;
    piece = piece.subspan(1);
  }
  if (Error error = run(piece))
    return error;
  maek_tensor_t all = model->result(entry, scores);
  auto classes = static_cast<size_t>(all.shape[2]);
  size_t first = (piece.size() - 1) * classes;
  std::vector<double> last(classes);
  for (size_t i = 0; i < classes; ++i)
    last[i] = all.dtype == MAEK_F64
                  ? static_cast<const double *>(all.data)[first + i]
                  : double{static_cast<const float *>(all.data)[first + i]};
  return last;
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
  std::vector<int32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    double first = scores[static_cast<size_t>(a)];
    double second = scores[static_cast<size_t>(b)];
    return first > second || (first == second && a < b);
  });
  if (sampling.isGreedy)
    return order[0];
  if (sampling.topK > 0 && static_cast<size_t>(sampling.topK) < order.size())
    order.resize(static_cast<size_t>(sampling.topK));
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

static Error generate(Model &model, size_t entry, const Vocabulary &vocabulary,
                      const std::string &prompt, int64_t length,
                      const Sampling &sampling) {
  Expected<std::vector<int32_t>> piece = vocabulary.encode(prompt, "--prompt");
  if (!piece)
    return piece.takeError();
  Expected<Stepper> stepper = Stepper::create(
      model, entry, static_cast<int64_t>(piece->size()) + length);
  if (!stepper)
    return stepper.takeError();
  std::printf("%s", prompt.c_str());
  for (int64_t i = 0; i < length; ++i) {
    Expected<std::vector<double>> scores = stepper->read(*piece);
    if (!scores)
      return scores.takeError();
    // The model may have more classes than the text that it learned.
    scores->resize(
        std::min(scores->size(), static_cast<size_t>(vocabulary.size())));
    if (Error error = checkScores(*scores))
      return error;
    int32_t symbol = choose(*scores, sampling, static_cast<uint64_t>(i));
    std::string text = vocabulary.decode(symbol);
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
    piece->assign(1, symbol);
  }
  std::printf("\n");
  return Error::success();
}

int maek::runtime::runGenerate(const Program &program, Arguments arguments) {
  CommandLine line = program.commandLine(
      "generate", "Prints a text that goes on from the prompt.");
  line.add("weights", "FILE", "safetensors file to use");
  line.add("prompt", "TEXT", "how the text begins (a line's end)");
  line.add("length", "N", "characters, or bytes, to add (500)");
  line.add("temperature", "X",
           "below 1 the likely ones become likelier, above 1 less so (1)");
  line.add("top-k", "N", "choose among the N likeliest only");
  line.add("top-p", "X",
           "choose among the likeliest of together this probability (1)");
  line.addFlag("greedy", "always the likeliest one");
  line.add("seed", "N", "of the choices (0)");
  addThreadsOption(line);
  if (std::optional<int> code = line.parse(arguments))
    return *code;
  std::string weights = line.required("weights");
  std::string prompt = line.string("prompt", "\n");
  if (prompt.empty())
    line.complain("option '--prompt' needs a text");
  constexpr int64_t usual = 500;
  int64_t length = line.count("length", usual, 1, maxCount);
  Sampling sampling;
  sampling.temperature = line.positive("temperature", 1);
  sampling.topK = line.count("top-k", 0, 1, maxCount);
  sampling.topP = line.positive("top-p", 1);
  if (sampling.topP > 1)
    line.complain("option '--top-p' needs a number up to 1, found '",
                  line.string("top-p"), "'");
  sampling.isGreedy = line.flag("greedy");
  sampling.seed = line.seed("seed", 0);
  int64_t threads = line.count("threads", 0, 1, 1024);
  if (std::optional<int> code = line.check())
    return *code;

  std::optional<size_t> entry = program.info.findEntry("generate_step");
  if (!entry)
    return report(
        program,
        makeError(MAEK_INVALID_ARGUMENT,
                  "the model cannot generate: that takes one input [T] of "
                  "class(n), and an output [T, n] of which each step knows "
                  "only what came before, by way of cells or of causal "
                  "attention"));
  applyThreads(threads);
  Expected<LoadedModel> loaded = loadModel(program, weights);
  if (!loaded)
    return report(program, loaded.takeError());
  Expected<std::optional<Vocabulary>> vocabulary =
      Vocabulary::read(loaded->metadata, weights);
  if (!vocabulary)
    return report(program, vocabulary.takeError());
  if (!*vocabulary)
    return report(program,
                  makeError(MAEK_BAD_FILE, weights,
                            ": does not say which characters the classes are; "
                            "weights trained on the data set 'text' do"));
  if (Error error = generate(*loaded->model, *entry, **vocabulary, prompt,
                             length, sampling))
    return report(program, error);
  return ExitSuccess;
}

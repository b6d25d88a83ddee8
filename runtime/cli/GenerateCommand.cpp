// Part of Maek, under the MIT licence; see LICENSE.
// `generate`: text from a language model, one symbol after another. The entry
// generate_step takes a piece of the text and the states that the last piece
// left; its scores at the last place are for the symbol that comes next.
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
  static Expected<Stepper> create(Model &model, size_t entry);
  /// Reads on; the scores of what comes next, one for each class.
  Expected<std::vector<double>> read(std::span<const int32_t> piece);

private:
  struct State {
    size_t result; ///< of the entry's results; none for `state.begins`
    bool isCarried;
    std::vector<int64_t> shape;
    std::vector<std::byte> data;
    maek_tensor_t tensor;
  };
  Stepper(Model &model, size_t entry) : model(&model), entry(entry) {}

  Model *model;
  size_t entry;
  size_t scores = 0;
  std::string textName;
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

static size_t sizeOf(maek_dtype_t dtype) {
  return dtype == MAEK_F64 ? sizeof(double) : sizeof(float);
}

Expected<Stepper> Stepper::create(Model &model, size_t entry) {
  const EntryInfo &info = model.module().entries[entry];
  auto bad = [&](std::string_view name) {
    return makeError(MAEK_BAD_MODULE, "entry '", info.name,
                     "' has no use for '", name, "'");
  };
  Stepper stepper(model, entry);
  std::vector<int64_t> ones(info.symbols.size(), 1);
  for (const PortInfo &port : info.arguments) {
    if (port.role != Role::Input)
      continue;
    if (port.dtype == MAEK_I32) {
      stepper.textName = port.name;
      continue;
    }
    std::optional<size_t> result = findResult(info, port.name);
    if (!result && port.name != "state.begins")
      return bad(port.name);
    State &state = stepper.states.emplace_back();
    state.isCarried = result.has_value();
    state.result = result.value_or(0);
    for (const Extent &extent : port.shape)
      state.shape.push_back(extent.evaluate(ones).value_or(0));
    std::optional<int64_t> bytes = countBytes(state.shape, port.dtype);
    if (!bytes)
      return bad(port.name);
    state.data.resize(static_cast<size_t>(*bytes));
    // The text begins.
    if (!state.isCarried) {
      float one = 1;
      double wide = 1;
      std::memcpy(state.data.data(),
                  port.dtype == MAEK_F64 ? static_cast<const void *>(&wide)
                                         : &one,
                  sizeOf(port.dtype));
    }
    state.tensor = {port.name.c_str(), port.dtype,
                    static_cast<int32_t>(state.shape.size()), nullptr, nullptr};
  }
  // The states that results hand on have their arguments' names.
  for (size_t i = 0; i < info.results.size(); ++i)
    if (std::none_of(
            stepper.states.begin(), stepper.states.end(),
            [&](const State &state) { return state.isCarried &&
                                             state.result == i; }))
      stepper.scores = i;
  return stepper;
}

Expected<std::vector<double>> Stepper::read(std::span<const int32_t> piece) {
  const int64_t shape[] = {1, static_cast<int64_t>(piece.size())};
  std::vector<maek_tensor_t> given = {
      {textName.c_str(), MAEK_I32, 2, shape,
       const_cast<int32_t *>(piece.data())}};
  for (State &state : states) {
    state.tensor.shape = state.shape.data();
    state.tensor.data = state.data.data();
    given.push_back(state.tensor);
  }
  if (Error error = model->run(entry, given))
    return error;
  for (State &state : states) {
    if (state.isCarried)
      std::memcpy(state.data.data(), model->result(entry, state.result).data,
                  state.data.size());
    else
      std::fill(state.data.begin(), state.data.end(), std::byte{0});
  }
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
  for (size_t i = 0; i + 1 < count; ++i)
    if ((rest -= weights[i]) < 0)
      return order[i];
  return order[count - 1];
}

static Error generate(Model &model, size_t entry, const Vocabulary &vocabulary,
                      const std::string &prompt, int64_t length,
                      const Sampling &sampling) {
  Expected<std::vector<int32_t>> piece = vocabulary.encode(prompt, "--prompt");
  if (!piece)
    return piece.takeError();
  Expected<Stepper> stepper = Stepper::create(model, entry);
  if (!stepper)
    return stepper.takeError();
  std::printf("%s", prompt.c_str());
  for (int64_t i = 0; i < length; ++i) {
    Expected<std::vector<double>> scores = stepper->read(*piece);
    if (!scores)
      return scores.takeError();
    // The model may have more classes than the text that it learned.
    scores->resize(std::min(scores->size(),
                            static_cast<size_t>(vocabulary.size())));
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
                  "only what came before, by way of cells"));
  applyThreads(threads);
  Expected<std::unique_ptr<Model>> model = Model::create(*program.module, 0, 0);
  if (!model)
    return report(program, model.takeError());
  Expected<Metadata> loaded = (*model)->load(weights, false);
  if (!loaded)
    return report(program, loaded.takeError());
  Expected<std::optional<Vocabulary>> vocabulary =
      Vocabulary::read(*loaded, weights);
  if (!vocabulary)
    return report(program, vocabulary.takeError());
  if (!*vocabulary)
    return report(program,
                  makeError(MAEK_BAD_FILE, weights,
                            ": does not say which characters the classes are; "
                            "weights trained on the data set 'text' do"));
  if (Error error = generate(**model, *entry, **vocabulary, prompt, length,
                             sampling))
    return report(program, error);
  return ExitSuccess;
}

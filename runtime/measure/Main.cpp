// Part of Maek, under the MIT licence; see LICENSE.
// maek-measure: what `maek build --tune` measures kernels with, a process of
// its own, so that a kernel that crashes takes nothing with it.
//
//   maek-measure JOBS.json > TIMES.json
//
// {"threads": 2, "jobs": [{"inputs": [["f32", [64, 128]], ...],
//   "symbols": [64], "outputs": ..., "seconds": 0.2,
//   "kernels": [["a.so", "product_1"], ...]}]}
//
// Of each job the first kernel's results are what the others' are compared
// with; the others are run in turns, in rounds, and timed if there are any. A
// job with one kernel times that. What comes out, for each job:
//
// {"errors": [0, 1e-7], "rounds": [[us, us], ...]}
//
// with a round's microseconds for each timed kernel, in their order; "errors"
// are in parts of what is allowed, so that one above 1 is a wrong result, and
// no rounds follow.
#include "runtime/core/Kernels.h"
#include "runtime/measure/Tensor.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <dlfcn.h>
#include <fstream>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

using namespace maek;
using nlohmann::json;

namespace {

/// All arguments of a kernel are integers or pointers; surplus ones are
/// ignored.
using Words = std::array<uint64_t, 96>;

template <size_t... I>
int callWith(void *kernel, const Words &words, std::index_sequence<I...>) {
  return reinterpret_cast<int (*)(std::decay_t<decltype(words[I])>...)>(kernel)(
      words[I]...);
}

struct Job {
  std::vector<std::unique_ptr<measure::Tensor>> inputs, outputs, expected;
  std::vector<void *> kernels;
  Words words = {};
  double seconds = 0;

  explicit Job(const json &text);
  void run(size_t kernel) const {
    callWith(kernels[kernel], words,
             std::make_index_sequence<std::tuple_size_v<Words>>());
  }
  double check(size_t kernel);
  json measure();
};

Job::Job(const json &text) : seconds(text.at("seconds")) {
  size_t next = 0;
  auto push = [&](uint64_t word) { words.at(next++) = word; };
  auto makeTensors = [&](const json &list, auto &tensors) {
    for (const json &tensor : list)
      tensors.push_back(std::make_unique<measure::Tensor>(
          tensor.at(0), tensor.at(1).get<std::vector<int64_t>>()));
  };
  makeTensors(text.at("inputs"), inputs);
  makeTensors(text.at("outputs"), outputs);
  makeTensors(text.at("outputs"), expected);
  for (const auto &input : inputs) {
    input->fill();
    push(reinterpret_cast<uint64_t>(input->buffer()));
  }
  for (int64_t symbol : text.at("symbols"))
    push(static_cast<uint64_t>(symbol));
  for (const auto &output : outputs)
    push(reinterpret_cast<uint64_t>(output->buffer()));
  for (const json &kernel : text.at("kernels")) {
    void *library =
        dlopen(kernel.at(0).get<std::string>().c_str(), RTLD_NOW | RTLD_LOCAL);
    void *found = library
                      ? dlsym(library, kernel.at(1).get<std::string>().c_str())
                      : nullptr;
    if (!found)
      throw std::runtime_error(dlerror());
    kernels.push_back(found);
  }
}

/// Keeps what the first kernel gives; of others tells how far theirs is from
/// it.
double Job::check(size_t kernel) {
  for (const auto &output : outputs)
    output->poison();
  run(kernel);
  double worst = 0;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i]->isIntact())
      worst = std::numeric_limits<double>::infinity();
    else if (kernel > 0)
      worst = std::max(worst, outputs[i]->compare(*expected[i]) /
                                  std::max(outputs[i]->tolerance(), 1e-300));
  }
  if (kernel == 0)
    for (size_t i = 0; i < outputs.size(); ++i)
      expected[i]->copy(*outputs[i]);
  return worst;
}

double now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// In turns, each round beginning with another kernel: what disturbs the
/// machine disturbs all.
json Job::measure() {
  json errors = json::array(), rounds = json::array();
  bool isRight = true;
  for (size_t i = 0; i < kernels.size(); ++i) {
    double error = std::min(check(i), 1e300);
    errors.push_back(error);
    isRight = isRight && error <= 1;
  }
  size_t first = kernels.size() > 1 ? 1 : 0, timed = kernels.size() - first;
  // Calls of one kernel that are timed together.
  constexpr double leastSeconds = 2e-4;
  double begin = now();
  run(first);
  auto calls = static_cast<long>(leastSeconds / std::max(now() - begin, 1e-8));
  calls = std::max(calls, 1L);
  constexpr size_t leastRounds = 15, mostRounds = 1000;
  begin = now();
  while (isRight && rounds.size() < mostRounds &&
         (rounds.size() < leastRounds || now() - begin < seconds)) {
    json round(std::vector<double>(timed, 0.0));
    for (size_t i = 0; i < timed; ++i) {
      size_t kernel = (rounds.size() + i) % timed;
      double start = now();
      for (long call = 0; call < calls; ++call)
        run(first + kernel);
      round[kernel] = (now() - start) * 1e6 / static_cast<double>(calls);
    }
    rounds.push_back(std::move(round));
  }
  return {{"errors", errors}, {"rounds", rounds}};
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: maek-measure JOBS.json\n");
    return 2;
  }
  try {
    std::ifstream file(argv[1]);
    json text = json::parse(file), results = json::array();
    runtime::supportKernels();
    runtime::setKernelThreads(text.at("threads"));
    for (const json &job : text.at("jobs"))
      results.push_back(Job(job).measure());
    std::cout << results << std::flush;
    return std::cout ? 0 : 1;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "maek-measure: error: %s\n", error.what());
    return 1;
  }
}

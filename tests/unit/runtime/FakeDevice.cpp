// Part of Maek, under the MIT licence; see LICENSE.
// The kernels in C++, for the processor and the stand-in for a driver, their
// declarations in PTX, and once more in OpenCL's C.
#include "FakeDevice.h"

#include "HalideHooks.h"
#include "tests/support/StubCuda.h"

#include <cmath>
#include <cstring>
#include <memory>
#include <string>

using namespace maek::fake;

namespace {
template <typename T = float>
T *tensor(void *const *arguments, int index) {
  return *static_cast<T *const *>(arguments[index]);
}
int32_t number(void *const *arguments, int index) {
  return *static_cast<const int32_t *>(arguments[index]);
}

void twice(void *const *a) {
  for (int32_t i = 0; i < number(a, 2); ++i)
    tensor(a, 1)[i] = 2 * tensor(a, 0)[i];
}

void scale(void *const *a) {
  for (int32_t i = 0; i < number(a, 3); ++i)
    tensor(a, 2)[i] = tensor(a, 0)[i] * tensor(a, 1)[i % 4];
}

void total(void *const *a) {
  *tensor(a, 2) = 0;
  for (int32_t i = 0; i < number(a, 3); ++i)
    *tensor(a, 2) += tensor(a, 1)[i] = tensor(a, 0)[i];
}

void descend(void *const *a) {
  int32_t batch = number(a, 6);
  float loss = 0, norm = 0;
  for (int i = 0; i < 4; ++i) {
    float mean = 0;
    for (int32_t b = 0; b < batch; ++b)
      mean += tensor(a, 2)[b * 4 + i];
    float difference = tensor(a, 0)[i] - mean / static_cast<float>(batch);
    loss += difference * difference;
    norm += 4 * difference * difference;
    tensor(a, 0)[i] -= *tensor(a, 3) * 2 * difference;
  }
  *tensor(a, 1) += 1;
  *tensor(a, 4) = loss;
  *tensor(a, 5) = std::sqrt(norm);
}

void keep(void *const *a) {
  int32_t capacity = number(a, 5);
  for (int32_t b = 0; b < number(a, 4); ++b)
    for (int32_t i = 0; i < 2; ++i) {
      float *rows = tensor(a, 2) + b * capacity * 2;
      rows[*tensor<int32_t>(a, 1) * 2 + i] = tensor(a, 0)[b * 2 + i];
      float sum = 0;
      for (int32_t row = 0; row < capacity; ++row)
        sum += rows[row * 2 + i];
      tensor(a, 3)[b * 2 + i] = sum;
    }
}

struct Kernel {
  const char *name;
  maek_stub_kernel_t work;
  int tensors, numbers;
};
constexpr Kernel kernels[] = {{"twice", twice, 2, 1},
                              {"scale", scale, 3, 1},
                              {"total", total, 3, 1},
                              {"descend", descend, 6, 1},
                              {"keep", keep, 4, 2}};

const Kernel &find(const char *name) {
  const Kernel *kernel = kernels;
  while (std::strcmp(kernel->name, name) != 0)
    ++kernel;
  return *kernel;
}

const std::string &ptx() {
  static const std::string text = [] {
    std::string text = ".version 7.0\n.target sm_80\n";
    for (const Kernel &kernel : kernels) {
      text += std::string(".visible .entry ") + kernel.name + "(";
      for (int i = 0; i < kernel.tensors + kernel.numbers; ++i)
        text += std::string(i ? "," : "") + " .param .u" +
                (i < kernel.tensors ? "64" : "32") + " p" + std::to_string(i);
      text += ") { ret; }\n";
    }
    return text;
  }();
  return text;
}

const char openCl[] = R"(
#define T __global float *
__kernel void twice(T w, T w2, int n, __local int *s) {
  for (int i = 0; i < n; ++i) w2[i] = 2 * w[i];
}
__kernel void scale(T x, T w2, T y, int n, __local int *s) {
  for (int i = 0; i < n; ++i) y[i] = x[i] * w2[i % 4];
}
__kernel void total(T x, T y, T sum, int n, __local int *s) {
  *sum = 0;
  for (int i = 0; i < n; ++i) *sum += y[i] = x[i];
}
__kernel void descend(T w, T count, T x, T lr, T loss, T norm, int batch,
                   __local int *s) {
  float l = 0, g = 0;
  for (int i = 0; i < 4; ++i) {
    float mean = 0;
    for (int b = 0; b < batch; ++b) mean += x[b * 4 + i];
    float difference = w[i] - mean / batch;
    l += difference * difference;
    g += 4 * difference * difference;
    w[i] -= *lr * 2 * difference;
  }
  *count += 1;
  *loss = l;
  *norm = sqrt(g);
}
__kernel void keep(T x, __global int *position, T rows, T sums, int batch,
                   int capacity, __local int *s) {
  for (int b = 0; b < batch; ++b)
    for (int i = 0; i < 2; ++i) {
      rows[(b * capacity + *position) * 2 + i] = x[b * 2 + i];
      float sum = 0;
      for (int row = 0; row < capacity; ++row)
        sum += rows[(b * capacity + row) * 2 + i];
      sums[b * 2 + i] = sum;
    }
}
)";

enum class Api { Cpu, Cuda, OpenCl };

/// Launches a kernel of one thread on addresses.
template <Api api>
void launch(const char *name, std::vector<void *> tensors,
            std::vector<int32_t> numbers) {
  if (api == Api::Cpu) {
    std::vector<void *> arguments;
    for (void *&tensor : tensors)
      arguments.push_back(static_cast<void *>(&tensor));
    for (int32_t &number : numbers)
      arguments.push_back(&number);
    return find(name).work(arguments.data());
  }
  static CompiledKernels compiled = api == Api::Cuda
                                        ? CompiledKernels{"cuda", ptx().c_str()}
                                        : CompiledKernels{"opencl", openCl};
  std::vector<std::unique_ptr<Vector>> vectors;
  Call call{name, {1, 1, 1}, {1, 1, 1}};
  for (void *tensor : tensors) {
    vectors.push_back(
        std::make_unique<Vector>(1, reinterpret_cast<uint64_t>(tensor)));
    call.buffers.push_back(vectors.back().get());
  }
  call.counts = std::move(numbers);
  // As kernels without asserts do, which is what the compiler makes.
  static_cast<void>(compiled.run(call));
}

template <Api api>
int32_t forward(void *const *b, const int64_t *dims, void *arena, void *) {
  auto count = static_cast<int32_t>(dims[0] * 4);
  // A kernel's own memory.
  Vector between(count);
  if (api != Api::Cpu)
    CompiledKernels::allocate(between);
  void *middle =
      api == Api::Cpu ? arena : reinterpret_cast<void *>(between.buffer.device);
  launch<api>("scale", {b[1], b[0], middle}, {count});
  launch<api>("total", {middle, b[2], b[3]}, {count});
  if (api != Api::Cpu)
    CompiledKernels::release(between);
  return 0;
}

template <Api api>
int32_t trainStep(void *const *b, const int64_t *dims, void *, void *) {
  launch<api>("descend", {b[0], b[1], b[2], b[3], b[6], b[7]},
              {static_cast<int32_t>(dims[0])});
  return 0;
}

template <Api api>
int32_t generateStep(void *const *b, const int64_t *dims, void *, void *) {
  launch<api>("keep", {b[0], b[1], b[2], b[3]},
              {static_cast<int32_t>(dims[0]), static_cast<int32_t>(dims[1])});
  return 0;
}

template <Api api>
int32_t prepare(void *const *b, const int64_t *, void *, void *) {
  launch<api>("twice", {b[0], b[1]}, {4});
  return 0;
}

int64_t arenaBytes(const int64_t *dims) { return 16 * dims[0]; }
int64_t noArena(const int64_t *) { return 0; }

std::string describe(const std::string &device) {
  const std::string trained =
      R"({"role": "parameter", "name": "w", "dtype": "f32", "shape": [4]},
         {"role": "state", "name": "n", "dtype": "f32", "shape": []})";
  const std::string x =
      R"({"role": "input", "name": "x", "dtype": "f32", "shape": ["B", 4]})";
  const std::string prepared =
      R"({"role": "prepared", "name": "w2", "dtype": "f32", "shape": [4]})";
  const std::string cache =
      R"({"role": "carried", "name": "state.cache", "dtype": "f32", "shape": ["B", "C", 2]})";
  return R"({"name": "Steps", "target": "any", "precision": "f32",)" + device +
         R"("settings": {"lr": 0.25},
    "parameters": [{"name": "w", "dtype": "f32", "shape": [4],
      "init": {"kind": "uniform", "arguments": [0, 1]}}],
    "states": [{"name": "n", "dtype": "f32", "shape": [],
      "init": {"kind": "constant", "arguments": [0]}}],
    "prepared": [{"name": "w2", "dtype": "f32", "shape": [4]}],
    "entries": [
    {"name": "forward", "symbols": ["B"], "arguments": [)" +
         prepared + "," + x + R"(], "results": [
      {"role": "output", "name": "y", "dtype": "f32", "shape": ["B", 4]},
      {"role": "output", "name": "total", "dtype": "f32", "shape": []}]},
    {"name": "train_step", "symbols": ["B"], "arguments": [)" +
         trained + "," + x + R"(,
      {"role": "scalar", "name": "lr", "dtype": "f32", "shape": []},
      {"role": "scalar", "name": "step", "dtype": "f32", "shape": []},
      {"role": "scalar", "name": "steps", "dtype": "f32", "shape": []}],
      "results": [
      {"role": "loss", "name": "loss", "dtype": "f32", "shape": []},
      {"role": "report", "name": "grad_norm", "dtype": "f32", "shape": []},)" +
         trained + R"(]},
    {"name": "generate_step", "symbols": ["B", "C"], "arguments": [
      {"role": "input", "name": "x", "dtype": "f32", "shape": ["B", 2]},
      {"role": "input", "name": "state.position", "dtype": "i32", "shape": []},)" +
         cache + R"(], "results": [
      {"role": "output", "name": "sum", "dtype": "f32", "shape": ["B", 2]},)" +
         cache + R"(]},
    {"name": "prepare", "symbols": [], "arguments": [
      {"role": "parameter", "name": "w", "dtype": "f32", "shape": [4]}],
      "results": [)" +
         prepared + "]}]}";
}

template <Api api>
maek_module_t makeModule(const std::string &json,
                         const maek_module_t *const *variants = nullptr,
                         uint32_t count = 0) {
  static const maek_entry_code_t entries[] = {{forward<api>, arenaBytes, 0},
                                              {trainStep<api>, noArena, 0},
                                              {generateStep<api>, noArena, 0},
                                              {prepare<api>, noArena, 0}};
  return {MAEK_MODULE_ABI, count, json.data(), json.size(), entries, variants};
}
} // namespace

const maek_module_t &maek::fake::stepsFor(const char *kind) {
  static const std::string cudaJson =
      describe(R"("device": {"interface": "cuda", "capability": 80},)");
  static const std::string openClJson =
      describe(R"("device": {"interface": "opencl", "capability": 0},)");
  static const maek_module_t cuda = makeModule<Api::Cuda>(cudaJson);
  static const maek_module_t openCl = makeModule<Api::OpenCl>(openClJson);
  return std::strcmp(kind, "cuda") == 0 ? cuda : openCl;
}

const maek_module_t &maek::fake::steps() {
  static const std::string json = describe("");
  static const maek_module_t *const variants[] = {&stepsFor("cuda"),
                                                  &stepsFor("opencl")};
  static const maek_module_t module = makeModule<Api::Cpu>(json, variants, 2);
  return module;
}

void maek::fake::defineStubKernels() {
  for (const Kernel &kernel : kernels)
    maek_stub_cuda_define(kernel.name, kernel.work);
}

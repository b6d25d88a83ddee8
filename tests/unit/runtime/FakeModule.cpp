// Part of Maek, under the MIT licence; see LICENSE.
// The hand-written modules. Plain loops, buffers as the description orders.
#include "FakeModule.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

using namespace maek::fake;

Knobs &maek::fake::knobs() {
  static Knobs knobs;
  return knobs;
}

std::string maek::fake::logisticJson() {
  const std::string weights =
      R"({"role": "parameter", "name": "linear.W", "dtype": "f32", "shape": [3, 16]},
         {"role": "parameter", "name": "linear.b", "dtype": "f32", "shape": [3]})";
  const std::string moments =
      R"({"role": "state", "name": "m.linear.W", "dtype": "f32", "shape": [3, 16]},
         {"role": "state", "name": "m.linear.b", "dtype": "f32", "shape": [3]})";
  const std::string prepared =
      R"({"role": "prepared", "name": "packed.W", "dtype": "f32", "shape": [16, 3]},
         {"role": "parameter", "name": "linear.b", "dtype": "f32", "shape": [3]})";
  const std::string image =
      R"({"role": "input", "name": "image", "dtype": "f32", "shape": ["B", 4, 4]})";
  const std::string label =
      R"({"role": "target", "name": "label", "dtype": "i32", "shape": ["B"], "classes": 3})";
  const std::string logits =
      R"({"role": "output", "name": "logits", "dtype": "f32", "shape": ["B", 3]})";
  const std::string loss =
      R"({"role": "loss", "name": "loss", "dtype": "f32", "shape": []},
         {"role": "metric", "name": "accuracy", "dtype": "f32", "shape": []})";
  return R"({"name": "Logistic", "source": "models/logistic.maek",
    "target": "x86-64-linux", "precision": "f32",
    "versions": {"maek": "0.1.0", "llvm": "22.1"},
    "settings": {"data": "fashion_mnist", "batch": 8, "epochs": 2, "lr": 0.1, "seed": 0,
                 "optimizer": "momentum", "schedule": "cosine", "clip_norm": 1.5},
    "parameters": [
      {"name": "linear.W", "dtype": "f32", "shape": [3, 16], "init": {"kind": "uniform", "arguments": [-0.25, 0.25]}},
      {"name": "linear.b", "dtype": "f32", "shape": [3], "init": {"kind": "constant", "arguments": [0]}}],
    "states": [
      {"name": "m.linear.W", "dtype": "f32", "shape": [3, 16], "init": {"kind": "constant", "arguments": [0.0]}},
      {"name": "m.linear.b", "dtype": "f32", "shape": [3], "init": {"kind": "constant", "arguments": [0.0]}}],
    "kernels": ["product_0", "elementwise_0"],
    "prepared": [{"name": "packed.W", "dtype": "f32", "shape": [16, 3]}],
    "entries": [
      {"name": "forward", "symbols": ["B"], "arguments": [)" +
         prepared + "," + image + R"(], "results": [)" + logits +
         R"(], "memory": [{"slot": "a0", "bytes": "12*B"}]},
      {"name": "evaluate", "symbols": ["B"], "arguments": [)" +
         prepared + "," + image + "," + label + R"(], "results": [)" + logits +
         "," + loss + R"(]},
      {"name": "train_step", "symbols": ["B"], "arguments": [)" +
         weights + "," + moments + "," + image + "," + label +
         R"(, {"role": "scalar", "name": "lr", "dtype": "f32", "shape": []},
            {"role": "scalar", "name": "step", "dtype": "f32", "shape": []},
            {"role": "scalar", "name": "steps", "dtype": "f32", "shape": []}], "results": [)" +
         loss +
         R"(, {"role": "report", "name": "grad_norm", "dtype": "f32", "shape": []}, )" +
         weights + "," + moments + R"(]},
      {"name": "prepare", "symbols": [], "arguments": [
        {"role": "parameter", "name": "linear.W", "dtype": "f32", "shape": [3, 16]}], "results": [
        {"role": "prepared", "name": "packed.W", "dtype": "f32", "shape": [16, 3]}]}]})";
}

static float *floats(void *const *buffers, int index) {
  return static_cast<float *>(buffers[index]);
}

// logits = W image + b, with W as [classes, pixels].
static void multiply(const float *weights, const float *bias,
                     const float *images, int64_t batch, float *logits) {
  for (int64_t i = 0; i < batch; ++i)
    for (int64_t c = 0; c < kClasses; ++c) {
      float sum = bias[c];
      for (int64_t p = 0; p < kPixels; ++p)
        sum += weights[c * kPixels + p] * images[i * kPixels + p];
      logits[i * kClasses + c] = sum;
    }
}

// Mean cross entropy and accuracy; turns logits into softmax - one-hot.
static void score(float *logits, const int32_t *labels, int64_t batch,
                  float *loss, float *accuracy) {
  float total = 0, right = 0;
  for (int64_t i = 0; i < batch; ++i) {
    float *row = logits + i * kClasses;
    int64_t best = 0;
    for (int64_t c = 1; c < kClasses; ++c)
      if (row[c] > row[best])
        best = c;
    float peak = row[best], sum = 0;
    for (int64_t c = 0; c < kClasses; ++c)
      sum += row[c] = std::exp(row[c] - peak);
    for (int64_t c = 0; c < kClasses; ++c)
      row[c] /= sum;
    total -= std::log(row[labels[i]]);
    right += best == labels[i] ? 1.0f : 0.0f;
    row[labels[i]] -= 1;
  }
  *loss = total / static_cast<float>(batch);
  *accuracy = right / static_cast<float>(batch);
}

/// Bytes of descriptors that entries write, as compiled ones do.
static constexpr int64_t kDescriptorBytes = 168;

static int32_t forward(void *const *buffers, const int64_t *dims, void *arena,
                       void *descriptors) {
  if (knobs().failWith)
    return knobs().failWith;
  std::memset(descriptors, 1, kDescriptorBytes);
  const float *packed = floats(buffers, 0);
  auto *weights = static_cast<float *>(arena);
  for (int64_t p = 0; p < kPixels; ++p)
    for (int64_t c = 0; c < kClasses; ++c)
      weights[c * kPixels + p] = packed[p * kClasses + c];
  multiply(weights, floats(buffers, 1), floats(buffers, 2), dims[0],
           floats(buffers, 3));
  return 0;
}

static int32_t evaluate(void *const *buffers, const int64_t *dims, void *arena,
                        void *descriptors) {
  void *forwardBuffers[] = {buffers[0], buffers[1], buffers[2], buffers[4]};
  if (int32_t status = forward(forwardBuffers, dims, arena, descriptors))
    return status;
  std::vector<float> logits(floats(buffers, 4),
                            floats(buffers, 4) + dims[0] * kClasses);
  score(logits.data(), static_cast<int32_t *>(buffers[3]), dims[0],
        floats(buffers, 5), floats(buffers, 6));
  return 0;
}

static int32_t trainStep(void *const *buffers, const int64_t *dims, void *arena,
                         void *descriptors) {
  if (knobs().onTrain)
    knobs().onTrain();
  if (knobs().failWith)
    return knobs().failWith;
  std::memset(descriptors, 1, kDescriptorBytes);
  // W b mW mb image label lr step steps -> loss accuracy grad_norm W b mW mb
  for (int i = 0; i < 4; ++i)
    if (buffers[i] != buffers[12 + i])
      return -1; // not in place
  float *weights = floats(buffers, 0), *bias = floats(buffers, 1);
  float *images = floats(buffers, 4);
  auto *logits = static_cast<float *>(arena);
  int64_t batch = dims[0];
  multiply(weights, bias, images, batch, logits);
  score(logits, static_cast<int32_t *>(buffers[5]), batch, floats(buffers, 9),
        floats(buffers, 10));
  float rate = *floats(buffers, 6) *
               (1 - *floats(buffers, 7) / (2 * *floats(buffers, 8)));
  float norm = 0;
  auto update = [&](float gradient, float &moment, float &weight) {
    gradient /= static_cast<float>(batch);
    norm += gradient * gradient;
    moment = 0.9f * moment + gradient;
    weight -= rate * moment;
  };
  for (int64_t c = 0; c < kClasses; ++c) {
    float biasGradient = 0;
    for (int64_t i = 0; i < batch; ++i)
      biasGradient += logits[i * kClasses + c];
    update(biasGradient, floats(buffers, 3)[c], bias[c]);
    for (int64_t p = 0; p < kPixels; ++p) {
      float gradient = 0;
      for (int64_t i = 0; i < batch; ++i)
        gradient += logits[i * kClasses + c] * images[i * kPixels + p];
      update(gradient, floats(buffers, 2)[c * kPixels + p],
             weights[c * kPixels + p]);
    }
  }
  *floats(buffers, 11) = std::sqrt(norm);
  if (knobs().lossIsNan)
    *floats(buffers, 9) = std::numeric_limits<float>::quiet_NaN();
  if (knobs().weightIsNan)
    weights[0] = std::numeric_limits<float>::quiet_NaN();
  return 0;
}

static int32_t prepare(void *const *buffers, const int64_t *, void *, void *) {
  ++knobs().prepares;
  for (int64_t p = 0; p < kPixels; ++p)
    for (int64_t c = 0; c < kClasses; ++c)
      floats(buffers, 1)[p * kClasses + c] =
          floats(buffers, 0)[c * kPixels + p];
  return 0;
}

static int64_t arenaBytes(const int64_t *dims) {
  if (knobs().arenaBytes != -2)
    return knobs().arenaBytes;
  return 4 * (kClasses * kPixels + kClasses * dims[0]);
}

static int64_t noArena(const int64_t *) { return 0; }

const maek_module_t &maek::fake::logistic() {
  static const std::string json = logisticJson();
  static const maek_entry_code_t entries[] = {
      {forward, arenaBytes, kDescriptorBytes},
      {evaluate, arenaBytes, kDescriptorBytes},
      {trainStep, arenaBytes, kDescriptorBytes},
      {prepare, noArena, 0}};
  static const maek_module_t module = {.abi = MAEK_MODULE_ABI,
                                       .num_variants = 0,
                                       .json = json.data(),
                                       .json_size = json.size(),
                                       .entries = entries,
                                       .variants = nullptr};
  return module;
}

static int32_t sumLengths(void *const *buffers, const int64_t *dims, void *,
                          void *) {
  const float *x = floats(buffers, 0);
  const auto *n = static_cast<const int32_t *>(buffers[1]);
  float total = 0;
  for (int64_t i = 0; i < dims[0] * dims[1]; ++i) {
    floats(buffers, 2)[i] = x[2 * i] + x[2 * i + 1] + static_cast<float>(n[i]);
    total += floats(buffers, 2)[i];
  }
  *floats(buffers, 3) = total;
  return 0;
}

static int32_t prepareNothing(void *const *, const int64_t *, void *, void *) {
  return 0;
}

const maek_module_t &maek::fake::lengths() {
  static const char json[] =
      R"({"name": "Lengths", "target": "any", "precision": "f32",
      "parameters": [], "states": [],
      "entries": [{"name": "forward", "symbols": ["B", "T"], "arguments": [
        {"role": "input", "name": "x", "dtype": "f32", "shape": ["B", "T", 2]},
        {"role": "input", "name": "n", "dtype": "i32", "shape": ["B*T"], "classes": 5}],
      "results": [
        {"role": "output", "name": "y", "dtype": "f32", "shape": ["B", "T"]},
        {"role": "output", "name": "total", "dtype": "f32", "shape": []}]},
        {"name": "prepare", "symbols": [], "arguments": [], "results": []}]})";
  static const maek_entry_code_t entries[] = {{sumLengths, noArena, 0},
                                              {prepareNothing, noArena, 0}};
  static const maek_module_t module = {.abi = MAEK_MODULE_ABI,
                                       .num_variants = 0,
                                       .json = json,
                                       .json_size = sizeof(json) - 1,
                                       .entries = entries,
                                       .variants = nullptr};
  return module;
}

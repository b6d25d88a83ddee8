// Part of Maek, under the MIT licence; see LICENSE.
// A module written by hand: softmax regression of 3 classes on [4, 4] images,
// trained by gradient descent with momentum. What the compiler would emit,
// without the compiler.
#ifndef MAEK_TESTS_UNIT_RUNTIME_FAKEMODULE_H
#define MAEK_TESTS_UNIT_RUNTIME_FAKEMODULE_H

#include "maek/maek.h"
#include <functional>
#include <string>

namespace maek::fake {

inline constexpr int64_t kPixels = 16, kClasses = 3;

/// What tests change and count.
struct Knobs {
  int32_t failWith = 0;          ///< what entries return
  bool lossIsNan = false;        ///< of train_step
  bool weightIsNan = false;      ///< after train_step
  int prepares = 0;              ///< calls of `prepare`
  int64_t arenaBytes = -2;       ///< instead of the true size, unless -2
  std::function<void()> onTrain; ///< called by each train_step
};
Knobs &knobs();

/// The module "Logistic".
const maek_module_t &logistic();

/// Its description, and one of a model with a dynamic length: "Lengths" takes
/// x: f32[B, T, 2] and n: i32[B*T] below 5, gives y: f32[B, T] = sum of x + n
/// and the scalar total.
std::string logisticJson();
const maek_module_t &lengths();

} // namespace maek::fake

#endif // MAEK_TESTS_UNIT_RUNTIME_FAKEMODULE_H

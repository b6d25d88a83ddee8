// Part of Maek, under the MIT licence; see LICENSE.
#include "runtime/cli/Stepper.h"

using namespace maek::runtime;

Expected<Stepper> Stepper::create(Model &model) {
  Expected<Generator> generator = Generator::create(model);
  if (!generator)
    return generator.takeError();
  Stepper stepper(model, std::move(*generator));
  const EntryInfo &info = stepper.generator.info();
  for (size_t i = 0; i < info.results.size(); ++i)
    if (info.results[i].role == Role::Output)
      stepper.scores = i;
  const std::vector<Extent> &shape = info.results[stepper.scores].shape;
  int64_t known = stepper.generator.text().classes;
  bool fits = shape.size() == 3 && shape[2].isStatic() &&
              (shape[2].factor == known || shape[2].factor + 1 == known);
  if (!fits)
    return makeError(MAEK_BAD_MODULE, "entry '", info.name,
                     "' is not what it should be");
  return stepper;
}

std::optional<int32_t> Stepper::start() const {
  if (classes() == generator.text().classes)
    return std::nullopt;
  return static_cast<int32_t>(classes());
}

Error Stepper::run(std::span<const int32_t> piece) {
  const int64_t shape[] = {1, static_cast<int64_t>(piece.size())};
  return generator.read({generator.text().name.c_str(), MAEK_I32, 2, shape,
                         const_cast<int32_t *>(piece.data())});
}

Expected<std::vector<double>> Stepper::read(std::span<const int32_t> piece) {
  // With attention, one symbol after another.
  while (generator.text().shape[1].isStatic() && piece.size() > 1) {
    if (Error error = run(piece.first(1)))
      return error;
    piece = piece.subspan(1);
  }
  if (Error error = run(piece))
    return error;
  Expected<maek_tensor_t> all = model->result(generator.entry(), scores);
  if (!all)
    return all.takeError();
  auto classes = static_cast<size_t>(all->shape[2]);
  size_t first = (piece.size() - 1) * classes;
  std::vector<double> last(classes);
  for (size_t i = 0; i < classes; ++i)
    last[i] = all->dtype == MAEK_F64
                  ? static_cast<const double *>(all->data)[first + i]
                  : double{static_cast<const float *>(all->data)[first + i]};
  return last;
}

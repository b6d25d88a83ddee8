/* Part of Maek, under the MIT licence; see LICENSE.
 * A C program on the generated header and library: trains some steps on data
 * that it makes, predicts, saves, loads, predicts the same. */
#include "lstm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 20, PIXELS = 28 * 28, CLASSES = 10 };

static int fail(maek_model_t *model, const char *what) {
  fprintf(stderr, "%s: %s\n", what, maek_model_last_error(model));
  return 1;
}

/* Class k: row 2k is bright, the others are dim noise. */
static void make_batch(float *images, int32_t *labels) {
  for (int b = 0; b < BATCH; ++b) {
    labels[b] = b % CLASSES;
    for (int p = 0; p < PIXELS; ++p)
      images[b * PIXELS + p] = 0.1f * (float)rand() / (float)RAND_MAX +
                               (p / 28 == 2 * labels[b] ? 0.9f : 0.0f);
  }
}

int main(int argc, char **argv) {
  static float images[BATCH * PIXELS], before[BATCH * CLASSES];
  static int32_t labels[BATCH];
  int64_t image_shape[] = {BATCH, 28, 28}, label_shape[] = {BATCH};
  maek_tensor_t batch[] = {{"image", MAEK_F32, 3, image_shape, images},
                           {"label", MAEK_I32, 1, label_shape, labels}};
  maek_model_t *model = NULL;
  maek_tensor_t logits;
  double loss = 0, first = 0;

  if (argc != 2 || maek_abi_version() != MAEK_ABI_VERSION)
    return 2;
  if (maek_model_create(lstm_module(), NULL, &model) != MAEK_OK)
    return fail(NULL, "create");
  for (int step = 0; step < 60; ++step) {
    make_batch(images, labels);
    if (maek_model_train_step(model, batch, 2, 3e-2, 60) != MAEK_OK ||
        maek_model_scalar(model, "train_step", "loss", &loss) != MAEK_OK)
      return fail(model, "train_step");
    if (step == 0)
      first = loss;
  }
  printf("loss %.3f -> %.3f\n", first, loss);
  if (!(loss < 0.7 * first))
    return 3;

  if (maek_model_forward(model, batch, 1) != MAEK_OK ||
      maek_model_result(model, "forward", "logits", &logits) != MAEK_OK)
    return fail(model, "forward");
  for (int i = 0; i < BATCH * CLASSES; ++i)
    before[i] = ((float *)logits.data)[i];
  if (maek_model_save(model, argv[1]) != MAEK_OK)
    return fail(model, "save");
  if (maek_model_init(model, 1) != MAEK_OK ||
      maek_model_load(model, argv[1]) != MAEK_OK ||
      maek_model_forward(model, batch, 1) != MAEK_OK ||
      maek_model_result(model, "forward", "logits", &logits) != MAEK_OK)
    return fail(model, "load");
  for (int i = 0; i < BATCH * CLASSES; ++i)
    if (before[i] != ((float *)logits.data)[i])
      return 4;

  /* A wrong call is refused with a message, and harms nothing. */
  image_shape[1] = 27;
  if (maek_model_forward(model, batch, 1) != MAEK_INVALID_ARGUMENT)
    return 5;
  printf("refused: %s\n", maek_model_last_error(model));
  maek_model_destroy(model);
  return 0;
}

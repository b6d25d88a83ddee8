/* Part of Maek, under the MIT licence; see LICENSE.
 * Counts what a compiled model asks of malloc: nothing, once it is warm. */
#include "lstm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 16, PIXELS = 28 * 28, CLASSES = 10 };

/* Every allocation of the program comes by here: the library has none of its
 * own to call. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
static long allocations;

void *malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void *realloc(void *memory, size_t size) {
  ++allocations;
  return __libc_realloc(memory, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void **memory, size_t alignment, size_t size) {
  ++allocations;
  *memory = __libc_memalign(alignment, size);
  return *memory ? 0 : 12;
}

static float images[BATCH * PIXELS];
static int32_t labels[BATCH];

static int run_steps(maek_model_t *model) {
  static const int64_t sizes[] = {BATCH, 5, 1, BATCH};
  for (int i = 0; i < 4; ++i) {
    int64_t image_shape[] = {sizes[i], 28, 28}, label_shape[] = {sizes[i]};
    maek_tensor_t batch[] = {{"image", MAEK_F32, 3, image_shape, images},
                             {"label", MAEK_I32, 1, label_shape, labels}};
    maek_tensor_t logits;
    if (maek_model_train_step(model, batch, 2, 1e-3, 100) != MAEK_OK ||
        maek_model_evaluate(model, batch, 2) != MAEK_OK ||
        maek_model_forward(model, batch, 1) != MAEK_OK ||
        maek_model_result(model, "forward", "logits", &logits) != MAEK_OK)
      return 0;
  }
  return 1;
}

int main(void) {
  maek_model_t *model = NULL;
  for (int i = 0; i < BATCH * PIXELS; ++i)
    images[i] = (float)rand() / (float)RAND_MAX;
  for (int i = 0; i < BATCH; ++i)
    labels[i] = i % CLASSES;
  if (maek_model_create(lstm_module(), NULL, &model) != MAEK_OK ||
      maek_model_set_threads(model, 1) != MAEK_OK || !run_steps(model))
    return 2;
  long warm = allocations;
  for (int i = 0; i < 3; ++i)
    if (!run_steps(model))
      return 3;
  printf("cold %d, warm %ld\n", warm > 0, allocations - warm);
  maek_model_destroy(model);
  return 0;
}

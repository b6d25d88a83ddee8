/* Part of Maek, under the MIT licence; see LICENSE.
 * The public headers in C11: a program that uses them as a C program would.
 */
#include "maek/cli.h"
#include "maek/maek.h"
#include "maek/module.h"

#include <stdio.h>

static int32_t run(void *const *buffers, const int64_t *dims, void *arena,
                   void *descriptors) {
  (void)arena;
  (void)descriptors;
  const float *x = buffers[0];
  float *y = buffers[1];
  for (int64_t i = 0; i < dims[0]; ++i)
    y[i] = 2 * x[i];
  return 0;
}

static int64_t arena_size(const int64_t *dims) {
  (void)dims;
  return 0;
}

static const char json[] =
    "{\"name\": \"Twice\", \"target\": \"any\", \"precision\": \"f32\","
    " \"parameters\": [], \"states\": [], \"entries\": [{\"name\": \"forward\","
    " \"symbols\": [\"B\"], \"arguments\": [{\"role\": \"input\", \"name\":"
    " \"x\", \"dtype\": \"f32\", \"shape\": [\"B\"]}], \"results\": [{\"role\":"
    " \"output\", \"name\": \"y\", \"dtype\": \"f32\", \"shape\": [\"B\"]}]}]}";

int main(void) {
  const maek_entry_code_t entries[] = {{run, arena_size, 0}};
  const maek_module_t module = {.abi = MAEK_MODULE_ABI,
                                .json = json,
                                .json_size = sizeof(json) - 1,
                                .entries = entries};
  maek_model_t *model;
  if (maek_abi_version() != MAEK_ABI_VERSION ||
      maek_model_create(&module, NULL, &model) != MAEK_OK) {
    printf("create: %s\n", maek_model_last_error(NULL));
    return 1;
  }
  float pixels[3] = {1, 2, 3};
  const int64_t shape[1] = {3};
  const maek_tensor_t x = {"x", MAEK_F32, 1, shape, pixels};
  maek_tensor_t y;
  if (maek_model_forward(model, &x, 1) != MAEK_OK ||
      maek_model_result(model, "forward", "y", &y) != MAEK_OK) {
    printf("run: %s\n", maek_model_last_error(model));
    return 1;
  }
  int wrong = y.rank != 1 || y.shape[0] != 3 || ((float *)y.data)[2] != 6;
  maek_model_destroy(model);
  return wrong;
}

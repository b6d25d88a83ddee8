/* Part of Maek, under the MIT licence; see LICENSE.
 * What a compiled model is to the runtime: a description in JSON and a table
 * of entry functions. The compiler writes one constant maek_module_t into
 * every library and program that it makes; the runtime only reads it.
 */
#ifndef MAEK_MODULE_H
#define MAEK_MODULE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The layout and meaning of everything in this file. */
#define MAEK_MODULE_ABI 2u

/**
 * Runs an entry. `buffers` holds one pointer for each argument, then one for
 * each result, in the description's order; a result of role parameter, state
 * or carried has the pointer of the argument of that role and name, and is
 * written in place: of a carried one perhaps some elements alone. `dims` holds
 * the values of the entry's symbols in the description's order (sorted by
 * name), then those of the arguments that it names as "host_reads". `arena` is
 * aligned to 64 bytes and has at least `arena_size(dims)` bytes; it may be null
 * if that is 0. Tensors are row-major and contiguous. `descriptors` is the
 * processor's memory, aligned to 64 bytes, of at least `descriptor_bytes`; it
 * must stay until what the entry began has ended. Returns 0, or the first
 * kernel's error.
 */
typedef int32_t (*maek_entry_fn)(void *const *buffers, const int64_t *dims,
                                 void *arena, void *descriptors);

/**
 * The arena's size in bytes for these values of the entry's symbols; -1 if a
 * tensor would have more than 2^31 - 1 elements.
 */
typedef int64_t (*maek_arena_fn)(const int64_t *dims);

typedef struct {
  maek_entry_fn run;
  maek_arena_fn arena_size;
  int64_t descriptor_bytes;
} maek_entry_code_t;

/**
 * A compiled model. `json` (json_size bytes; a NUL behind them is not needed)
 * describes it, and `entries` holds the code of each element of its "entries",
 * in that order. `variants` are the same model for devices, in the order of
 * preference: with the same parameters and states, and without variants of
 * their own.
 */
typedef struct maek_module {
  uint32_t abi; /* MAEK_MODULE_ABI of the compiler */
  uint32_t num_variants;
  const char *json;
  uint64_t json_size;
  const maek_entry_code_t *entries;
  const struct maek_module *const *variants; /* may be null if there are none */
} maek_module_t;

#ifdef __cplusplus
}
#endif

#endif /* MAEK_MODULE_H */

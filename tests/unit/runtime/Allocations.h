// Part of Maek, under the MIT licence; see LICENSE.
// Counts what a program allocates, and lets an allocation fail. Linked with
// -Wl,--wrap=aligned_alloc.
#ifndef MAEK_TESTS_UNIT_RUNTIME_ALLOCATIONS_H
#define MAEK_TESTS_UNIT_RUNTIME_ALLOCATIONS_H

#include <cstdint>

namespace maek::fake {

/// Allocations so far, by new and by aligned_alloc.
int64_t countAllocations();

/// Lets the allocation after the next `count` fail, once; negative: none.
void failAllocationAfter(int64_t count);

} // namespace maek::fake

#endif // MAEK_TESTS_UNIT_RUNTIME_ALLOCATIONS_H

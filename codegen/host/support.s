# Part of Maek, under the MIT licence; see LICENSE.
# The handle that tells the C library which object's destructors to run: what
# crtbegin.o gives.
  .hidden __dso_handle
  .globl __dso_handle
  .section .data.rel.ro, "aw", @progbits
  .balign 8
  .type __dso_handle, @object
  .size __dso_handle, 8
__dso_handle:
  .quad __dso_handle
  .section .note.GNU-stack, "", @progbits

# Part of Maek, under the MIT licence; see LICENSE.
# The entry point of a compiled program: what crt1.o does, so that linking needs
# no C development files. The stack holds argc, then argv; rdx is the function
# that the dynamic linker wants to be called at exit.
  .text
  .globl _start
  .type _start, @function
_start:
  xorl %ebp, %ebp
  movq %rdx, %r9
  popq %rsi
  movq %rsp, %rdx
  andq $-16, %rsp
  pushq %rax
  pushq %rsp
  xorl %r8d, %r8d
  xorl %ecx, %ecx
  movq main@GOTPCREL(%rip), %rdi
  call *__libc_start_main@GOTPCREL(%rip)
  hlt
  .size _start, .-_start

# int main(int argc, char **argv) { return maek_main(&module, argc, argv); }
  .globl main
  .type main, @function
main:
  movq %rsi, %rdx
  movl %edi, %esi
  leaq maek.module(%rip), %rdi
  jmp maek_main
  .size main, .-main
  .section .note.GNU-stack, "", @progbits

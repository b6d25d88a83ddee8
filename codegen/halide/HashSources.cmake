# Writes OUTPUT: a digest of the text of SOURCES, as C++.
set(digests)
foreach(source IN LISTS SOURCES)
  file(SHA256 ${source} digest)
  string(APPEND digests "${digest}\n")
endforeach()
string(SHA256 digest "${digests}")
file(WRITE ${OUTPUT} "// Generated from the kernel compiler's sources.
#include \"codegen/halide/KernelCompiler.h\"

llvm::StringRef maek::halide::getKernelSources() { return \"${digest}\"; }
")

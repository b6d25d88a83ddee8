// Chains of thousands of ops, in a megabyte of stack.
// RUN: ulimit -s 1024

// RUN: python3 %S/Inputs/chains.py views 20000 | maek-opt --mlir-disable-threading --maek-fuse-elementwise | FileCheck %s --check-prefix=VIEWS
// VIEWS-COUNT-20000: maek.transpose
// VIEWS: maek.kernel

// RUN: python3 %S/Inputs/chains.py repeats 20000 | maek-opt --mlir-disable-threading --maek-fuse-elementwise | FileCheck %s --check-prefix=REPEATS
// REPEATS: maek.kernel
// REPEATS-NEXT: maek.exp
// REPEATS-COUNT-20000: maek.broadcast
// REPEATS-NEXT: maek.tanh

// RUN: python3 %S/Inputs/chains.py packs 20000 | maek-opt --mlir-disable-threading --maek-fuse-elementwise | FileCheck %s --check-prefix=PACKS
// PACKS: maek.kernel
// PACKS-NOT: maek.pack
// PACKS: maek.concat
// PACKS: maek.pack

// Each kernel writes its row of the result.
// RUN: python3 %S/Inputs/chains.py joins 2000 | maek-opt --mlir-disable-threading --maek-fuse-elementwise --maek-outline-kernels --maek-plan-memory | FileCheck %s --check-prefix=JOINS
// JOINS-NOT: @copy
// JOINS: maek.launch @elementwise_1({{.*}}offset: 8000>

// RUN: python3 %S/Inputs/chains.py offsets 20000 | maek-opt --mlir-disable-threading --maek-fuse-attention | FileCheck %s --check-prefix=SCALES
// RUN: python3 %S/Inputs/chains.py scales 10000 | maek-opt --mlir-disable-threading --maek-fuse-attention | FileCheck %s --check-prefix=SCALES
// SCALES: maek.attention %{{.*}}, %{{.*}}, %{{.*}} scale 1.0{{.*}} causal 0

// RUN: python3 %S/Inputs/chains.py positions 60000 | maek-opt --mlir-disable-threading --maek-make-stepwise | FileCheck %s --check-prefix=POSITIONS
// POSITIONS: module {
// POSITIONS-NEXT: }

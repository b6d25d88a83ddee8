// RUN: maek-opt --maek-pipeline=disable=simplify,merge-gate-matmuls --dump-pass-pipeline %s -o /dev/null 2>&1 | FileCheck %s
// RUN: maek-opt --maek-pipeline=recompute --dump-pass-pipeline %s -o /dev/null 2>&1 | FileCheck %s --check-prefix=RECOMPUTE
// RUN: not maek-opt --maek-pipeline=disable=fly %s 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not maek-opt --maek-pipeline=fast %s 2>&1 | FileCheck %s --check-prefix=SYNTAX

// RUN: echo "" | maek-opt --maek-pipeline

// Any optimisation can be left out.
// CHECK-NOT: maek-simplify
// CHECK: maek-split-concat-matmul
// CHECK-NOT: maek-merge-gate-matmuls
// CHECK-NOT: maek-segment-scans
// CHECK: maek-hoist-input-projection

// UNKNOWN: maek-pipeline: 'fly' is no optional pass; there are
// RECOMPUTE: maek-merge-gate-matmuls
// RECOMPUTE: maek-segment-scans
// RECOMPUTE: maek-hoist-input-projection

// SYNTAX: maek-pipeline: expected disable=pass,pass, recompute, library, precision=bf16, int8 or tf32, found 'fast'
func.func @nothing() {
  return
}

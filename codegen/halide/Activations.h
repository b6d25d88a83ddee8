// Part of Maek, under the MIT licence; see LICENSE.
// Transcendental functions as Halide expressions. The f32 forms are
// polynomials that vectorise; the f64 forms are libm's.
#ifndef MAEK_CODEGEN_HALIDE_ACTIVATIONS_H
#define MAEK_CODEGEN_HALIDE_ACTIVATIONS_H

#include "Halide.h"

namespace maek::halide {

/// One operation that neither Halide nor LLVM rearranges. Halide's own
/// strict_float reaches into the operands, which then are not what is computed
/// from them elsewhere: they are computed twice.
Halide::Expr strictly(Halide::Internal::Call::IntrinsicOp op,
                      const Halide::Expr &a, const Halide::Expr &b);

/// Bits that end with the whole number nearest to x, an f32 within 2^22, of two
/// equally near ones with the even one.
Halide::Expr nearestBits(const Halide::Expr &x);

/// e^x. f32: relative error 1.2e-7 for results that are normal numbers;
/// 0 below -87.33 (also for -inf), +inf above 88.72, NaN for NaN.
Halide::Expr exponential(const Halide::Expr &x);

/// e^x for what is 0 at most, but for rounding: a number less the largest of
/// its kind. f32: as above, but 1.2e-38 where the result is no normal number.
Halide::Expr exponentialOfDifference(const Halide::Expr &x);

/// tanh x. f32: absolute and relative error 2e-7; saturates at +-1 (also for
/// infinities); NaN for NaN.
Halide::Expr hyperbolicTangent(const Halide::Expr &x);

/// 1 / (1 + e^-x). f32: relative error 2e-7; 0 below -88.72, NaN for NaN.
Halide::Expr sigmoid(const Halide::Expr &x);

/// ln x. -inf for 0, NaN below 0 and for NaN, +inf for +inf.
Halide::Expr logarithm(const Halide::Expr &x);

/// ln (1 + x). f32: relative error 3e-7; -inf for -1, NaN below and for NaN,
/// +inf for +inf.
Halide::Expr logarithm1p(const Halide::Expr &x);

/// 2/√π ∫ e^-t² dt from 0 to x. f32: relative error 4e-7, never beyond 1; NaN
/// for NaN.
Halide::Expr errorFunction(const Halide::Expr &x);

/// a^b for a >= 0 or a whole b. f32: relative error 1e-7 * max(1, |b ln a|).
Halide::Expr power(const Halide::Expr &a, const Halide::Expr &b);

/// Whether two floats have the same bits. Unlike ==, false of a NaN and a
/// number whatever LLVM assumes.
Halide::Expr isSame(const Halide::Expr &a, const Halide::Expr &b);

/// x, but of the largest finite number, which stands for an infinity in a
/// kernel, that infinity.
Halide::Expr withInfinity(const Halide::Expr &x);

/// The larger, the smaller; NaN if either is NaN.
Halide::Expr maximum(const Halide::Expr &a, const Halide::Expr &b);
Halide::Expr minimum(const Halide::Expr &a, const Halide::Expr &b);

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_ACTIVATIONS_H

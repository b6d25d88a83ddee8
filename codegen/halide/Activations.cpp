// Part of Maek, under the MIT licence; see LICENSE.
// Special values (NaN, infinities, zero) are told apart and made by their bits:
// Halide lets LLVM assume that floating-point operations meet no NaN and no
// infinity, so comparisons and constants of that kind may vanish.
#include "codegen/halide/Activations.h"

#include <limits>

using Halide::Expr;
using Halide::reinterpret;
using Halide::select;
using Halide::Internal::Call;

namespace maek::halide {

static Expr bitsOf(const Expr &x) {
  return reinterpret(Halide::Int(x.type().bits()), x);
}

static constexpr int32_t infinityBits = 0x7f800000;
static constexpr int32_t nanBits = 0x7fc00000;

/// Of a float, without its sign.
static Expr magnitudeBits(const Expr &x) {
  return x.type().bits() == 64
             ? bitsOf(x) & Expr(std::numeric_limits<int64_t>::max())
             : bitsOf(x) & 0x7fffffff;
}

static Expr getInfinityBits(const Halide::Type &type) {
  return type.bits() == 64 ? Expr(int64_t(0x7ff0000000000000))
                           : Expr(infinityBits);
}

static Expr isNaN(const Expr &x) {
  return magnitudeBits(x) > getInfinityBits(x.type());
}

Expr strictly(Call::IntrinsicOp op, const Expr &a, const Expr &b) {
  bool compares = op == Call::strict_lt || op == Call::strict_eq;
  Halide::Type type = compares ? Halide::Bool(a.type().lanes()) : a.type();
  return Call::make(type, op, {a, b}, Call::PureIntrinsic);
}

/// Large numbers of f32 are whole: beside this one, which leaves no room for
/// fractions, they round, and leave their bits in the lowest ones. 1.5 * 2^23
static constexpr float magic = 12582912.0f;

Expr nearestBits(const Expr &x) {
  return reinterpret<uint32_t>(strictly(Call::strict_add, x, magic));
}

/// c[0] x^n + c[1] x^(n-1) + ... + c[n], by Horner's rule.
static Expr polynomial(const Expr &x, std::initializer_list<float> c) {
  Expr sum = *c.begin();
  for (const float *next = c.begin() + 1; next != c.end(); ++next)
    sum = sum * x + *next;
  return sum;
}

// Where e^x is an f32 that is normal and finite.
static constexpr float highestExponent = 88.72283f;
static constexpr float lowestExponent = -87.33654f;

/// e^x = 2^n e^r with x = n ln 2 + r, |r| <= ln 2 / 2.
struct ReducedExponential {
  /// e^r by Cephes' polynomial.
  Expr p;
  /// n, in the lowest bits.
  Expr shifted;
};

/// Halide's `round` of 16 lanes is two halves, taken apart and put together.
/// `beside` is added to n.
static ReducedExponential reduceExponential(const Expr &x, int beside = 0) {
  float base = magic + float(beside);
  Expr shifted = strictly(Call::strict_add, x * 1.44269504089f, base);
  Expr n = strictly(Call::strict_sub, shifted, base);
  Expr r = x - n * 0.693359375f - n * -2.12194440e-4f;
  Expr q =
      polynomial(r, {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f,
                     4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f});
  return {q * (r * r) + r + 1.0f, shifted};
}

/// The bits of e^x. n is added to the exponent's bits of e^r, which serves
/// n = 128 as well, where e^r < 1.
static Expr exponentialBits(const Expr &x) {
  ReducedExponential e = reduceExponential(x);
  return bitsOf(e.p) + (bitsOf(e.shifted) << 23);
}

static Expr exponential32(const Expr &x) {
  Expr bits =
      exponentialBits(Halide::clamp(x, lowestExponent, highestExponent));
  bits = select(x > highestExponent, infinityBits, x < lowestExponent, 0, bits);
  return reinterpret<float>(select(isNaN(x), bitsOf(x), bits));
}

Expr exponentialOfDifference(const Expr &x) {
  if (x.type().bits() == 64)
    return Halide::exp(x);
  // Of a NaN no comparison is true, and what it goes through keeps it.
  Expr clamped =
      select(strictly(Call::strict_lt, x, lowestExponent), lowestExponent, x);
  return reinterpret<float>(exponentialBits(clamped));
}

Expr exponential(const Expr &x) {
  return x.type().bits() == 64 ? Halide::exp(x) : exponential32(x);
}

/// Of a NaN no comparison is true, and it stays.
static Expr clampNumber(const Expr &x, float low, float high) {
  Expr above = select(strictly(Call::strict_lt, x, low), low, x);
  return select(strictly(Call::strict_lt, high, above), high, above);
}

/// A rational function of degree 13 / 6, odd in x; 1 and -1 beyond its range,
/// so that the derivative 1 - y² is 0 there, whatever it is multiplied by.
static Expr hyperbolicTangent32(const Expr &x) {
  const float limit = 7.90531110763549805f;
  Expr c = clampNumber(x, -limit, limit), s = c * c;
  Expr p = polynomial(s, {-2.76076847742355e-16f, 2.00018790482477e-13f,
                          -8.60467152213735e-11f, 5.12229709037114e-08f,
                          1.48572235717979e-05f, 6.37261928875436e-04f,
                          4.89352455891786e-03f});
  Expr q = polynomial(s, {1.19825839466702e-06f, 1.18534705686654e-04f,
                          2.26843463243900e-03f, 4.89352518554385e-03f});
  Expr one = bitsOf(Expr(1.0f)), sign = bitsOf(x) & Expr(INT32_MIN);
  Expr isBeyond =
      strictly(Call::strict_lt, limit, reinterpret<float>(magnitudeBits(x)));
  return select(isBeyond, reinterpret<float>(one | sign), (c * p) / q);
}

Expr hyperbolicTangent(const Expr &x) {
  return x.type().bits() == 64 ? Halide::tanh(x) : hyperbolicTangent32(x);
}

/// 1 / (1 + 2^n e^r). From n = 128 on, 2^n is infinity and this 0, as x times
/// it must be, however large x is.
static Expr sigmoid32(const Expr &x) {
  Expr c = clampNumber(x, -89.0f, -lowestExponent);
  // 2^n's exponent is n + 127. A product keeps NaNs of any bits.
  ReducedExponential e = reduceExponential(-c, /*beside=*/127);
  Expr power = reinterpret<float>(bitsOf(e.shifted) << 23);
  return 1.0f / (1.0f + e.p * power);
}

Expr sigmoid(const Expr &x) {
  if (x.type().bits() == 32)
    return sigmoid32(x);
  Expr one = Halide::cast(x.type(), 1);
  return one / (one + Halide::exp(-x));
}

/// ln(1 + f) - f for f in [√½ - 1, √2 - 1]; Cephes. The power to which the
/// logarithm's argument was taken out comes between, for the sake of rounding.
static Expr logarithmNear1(const Expr &f, const Expr &between) {
  Expr z = f * f;
  Expr p =
      polynomial(f, {7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f,
                     -1.2420140846e-1f, 1.4249322787e-1f, -1.6668057665e-1f,
                     2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f});
  return p * f * z + between - 0.5f * z;
}

/// x = 2^e m with m in [√½, √2).
static Expr logarithm32(const Expr &x) {
  const float smallest = 1.17549435e-38f;
  Expr tiny = x < smallest;
  Expr scaled = select(tiny, x * 8388608.0f, x);
  Expr e = (bitsOf(scaled) - 0x3f3504f3) >> 23;
  Expr m = reinterpret<float>(bitsOf(scaled) - (e << 23));
  Expr exponent = Halide::cast<float>(e - select(tiny, 23, 0));
  Expr f = m - 1.0f;
  Expr y = logarithmNear1(f, exponent * -2.12194440e-4f);
  Expr bits = bitsOf(f + y + exponent * 0.693359375f);
  Expr minusInfinity = int32_t(0xff800000u);
  bits = select(bitsOf(x) == infinityBits, infinityBits,
                (bitsOf(x) & 0x7fffffff) == 0, minusInfinity,
                isNaN(x) || bitsOf(x) < 0, nanBits, bits);
  return reinterpret<float>(bits);
}

Expr logarithm(const Expr &x) {
  return x.type().bits() == 64 ? Halide::log(x) : logarithm32(x);
}

/// Where 1 + x would drop digits that count, of x itself.
static Expr logarithm1p32(const Expr &x) {
  const float low = -0.29289321f, high = 0.41421356f;
  Expr f = Halide::clamp(x, low, high);
  Expr near = f + logarithmNear1(f, 0.0f);
  Expr bits = select(x < low || x > high || isNaN(x),
                     bitsOf(logarithm32(1.0f + x)), bitsOf(near));
  return reinterpret<float>(bits);
}

Expr logarithm1p(const Expr &x) {
  if (x.type().bits() == 32)
    return logarithm1p32(x);
  return Halide::Internal::Call::make(x.type(), "log1p", {x},
                                      Halide::Internal::Call::PureExtern);
}

/// A rational function of degree 13 / 8, odd in x, that Eigen has; from 4 on it
/// is 1. It takes half as long as what is made of an exponential, and is as far
/// off as a product of three roundings is.
static Expr errorFunction32(const Expr &x) {
  const float limit = 4.0f;
  Expr c = Halide::clamp(x, -limit, limit), s = c * c;
  Expr p = polynomial(s, {-2.72614225801306e-10f, 2.77068142495902e-08f,
                          -2.10102402082508e-06f, -5.69250639462346e-05f,
                          -7.34990630326855e-04f, -2.95459980854025e-03f,
                          -1.60960333262415e-02f});
  Expr q = polynomial(s, {-1.45660718464996e-05f, -2.13374055278905e-04f,
                          -1.68282697438203e-03f, -7.37332916720468e-03f,
                          -1.42647390514189e-02f});
  Expr y = Halide::clamp((c * p) / q, -1.0f, 1.0f);
  return reinterpret<float>(select(isNaN(x), bitsOf(x), bitsOf(y)));
}

Expr errorFunction(const Expr &x) {
  if (x.type().bits() == 32)
    return errorFunction32(x);
  return Halide::Internal::Call::make(x.type(), "erf", {x},
                                      Halide::Internal::Call::PureExtern);
}

/// Halide's, but for what it takes for 0: NaN, and what lies beyond the range.
static Expr power32(const Expr &a, const Expr &b) {
  const float high = 88.72283f, low = -87.33654f;
  Expr exponent = b * logarithm32(a);
  Expr bits = select(exponent > high, infinityBits, exponent < low, 0,
                     bitsOf(Halide::pow(a, b)));
  return reinterpret<float>(select(isNaN(exponent), nanBits, bits));
}

Expr power(const Expr &a, const Expr &b) {
  Halide::Type type = a.type();
  Expr zero = Halide::cast(type, 0), one = Halide::cast(type, 1);
  if (type.bits() == 64)
    return select(b == zero || a == one, one, Halide::pow(a, b));
  Expr base = Halide::abs(a), bits = bitsOf(power32(base, b));
  // From 2^24 on all numbers are even, infinity too.
  Expr even = 16777216.0f, c = Halide::clamp(b, -even, even);
  Expr isWhole = Halide::floor(c) == c;
  Expr isOdd = isWhole && Halide::floor(0.5f * c) != 0.5f * c;
  Expr isNegative = bitsOf(a) < 0 && !isNaN(a);
  bits = select(base == one && !isNaN(b), bitsOf(one), bits);
  bits = select(isNegative && isOdd, bits ^ int32_t(0x80000000u), bits);
  Expr isUnknown = isNegative && !isWhole && base > zero &&
                   bitsOf(base) != infinityBits && !isNaN(b);
  bits = select(isUnknown, nanBits, bits);
  return select(b == zero || a == one, one, reinterpret<float>(bits));
}

Expr isSame(const Expr &a, const Expr &b) { return bitsOf(a) == bitsOf(b); }

// The largest number is the one before infinity.
Expr withInfinity(const Expr &x) {
  Expr infinity = getInfinityBits(x.type());
  return reinterpret(x.type(), select(magnitudeBits(x) == infinity - 1,
                                      bitsOf(x) + 1, bitsOf(x)));
}

Expr maximum(const Expr &a, const Expr &b) {
  return select(isNaN(a), a, isNaN(b), b, Halide::max(a, b));
}

Expr minimum(const Expr &a, const Expr &b) {
  return select(isNaN(a), a, isNaN(b), b, Halide::min(a, b));
}

} // namespace maek::halide

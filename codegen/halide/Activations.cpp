// Part of Maek, under the MIT licence; see LICENSE.
// Special values (NaN, infinities, zero) are told apart and made by their bits:
// Halide lets LLVM assume that floating-point operations meet no NaN and no
// infinity, so comparisons and constants of that kind may vanish.
#include "codegen/halide/Activations.h"

#include <limits>

using Halide::Expr;
using Halide::reinterpret;
using Halide::select;

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

/// c[0] x^n + c[1] x^(n-1) + ... + c[n], by Horner's rule.
static Expr polynomial(const Expr &x, std::initializer_list<float> c) {
  Expr sum = *c.begin();
  for (const float *next = c.begin() + 1; next != c.end(); ++next)
    sum = sum * x + *next;
  return sum;
}

/// 2^n e^r with x = n ln 2 + r, |r| <= ln 2 / 2; Cephes' polynomial. n is added
/// to the exponent's bits of e^r, which serves n = 128 as well, where e^r < 1.
static Expr exponential32(const Expr &x) {
  const float high = 88.72283f, low = -87.33654f;
  Expr clamped = Halide::clamp(x, low, high);
  Expr n = Halide::round(clamped * 1.44269504089f);
  Expr r = clamped - n * 0.693359375f - n * -2.12194440e-4f;
  Expr q =
      polynomial(r, {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f,
                     4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f});
  Expr p = q * (r * r) + r + 1.0f;
  Expr bits = bitsOf(p) + (Halide::cast<int32_t>(n) << 23);
  bits = select(x > high, infinityBits, x < low, 0, bits);
  return reinterpret<float>(select(isNaN(x), bitsOf(x), bits));
}

Expr exponential(const Expr &x) {
  return x.type().bits() == 64 ? Halide::exp(x) : exponential32(x);
}

/// A rational function of degree 13 / 6, odd in x; 1 and -1 beyond its range,
/// so that the derivative 1 - y² is 0 there, whatever it is multiplied by.
static Expr hyperbolicTangent32(const Expr &x) {
  const float limit = 7.90531110763549805f;
  Expr c = Halide::clamp(x, -limit, limit), s = c * c;
  Expr p = polynomial(s, {-2.76076847742355e-16f, 2.00018790482477e-13f,
                          -8.60467152213735e-11f, 5.12229709037114e-08f,
                          1.48572235717979e-05f, 6.37261928875436e-04f,
                          4.89352455891786e-03f});
  Expr q = polynomial(s, {1.19825839466702e-06f, 1.18534705686654e-04f,
                          2.26843463243900e-03f, 4.89352518554385e-03f});
  Expr one = bitsOf(Expr(1.0f)), sign = bitsOf(x) ^ magnitudeBits(x);
  Expr bits = select(magnitudeBits(x) > bitsOf(Expr(limit)), one | sign,
                     bitsOf((c * p) / q));
  return reinterpret<float>(select(isNaN(x), bitsOf(x), bits));
}

Expr hyperbolicTangent(const Expr &x) {
  return x.type().bits() == 64 ? Halide::tanh(x) : hyperbolicTangent32(x);
}

Expr sigmoid(const Expr &x) {
  Expr one = Halide::cast(x.type(), 1);
  return one / (one + exponential(-x));
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

/// Cephes: odd in x up to 1, 1 - e^-x² q p(q²) with q = 1/x beyond.
static Expr errorFunction32(const Expr &x) {
  Expr a = Halide::abs(x);
  Expr near =
      x * polynomial(x * x, {7.853861353153693e-5f, -8.010193625184903e-4f,
                             5.188327685732524e-3f, -2.685381193529856e-2f,
                             1.128358514861418e-1f, -3.761262582423300e-1f,
                             1.128379165726710e+0f});
  // From 4 on it is 1.
  Expr c = Halide::clamp(a, 1.0f, 4.0f), q = 1.0f / c, y = q * q;
  Expr middle = polynomial(y, {2.326819970068386e-2f, -1.387039388740657e-1f,
                               3.687424674597105e-1f, -5.824733027278666e-1f,
                               6.210004621745983e-1f, -4.944515323274145e-1f,
                               3.404879937665872e-1f, -2.741127028184656e-1f,
                               5.638259427386472e-1f});
  Expr far = polynomial(y, {-1.047766399936249e+1f, 1.297719955372516e+1f,
                            -7.495518717768503e+0f, 2.921019019210786e+0f,
                            -1.015265279202700e+0f, 4.218463358204948e-1f,
                            -2.820767439740514e-1f, 5.641895067754075e-1f});
  Expr rest = exponential32(-c * c) * q * select(c < 2.0f, middle, far);
  Expr beyond = select(x < 0.0f, rest - 1.0f, 1.0f - rest);
  Expr bits = bitsOf(select(a < 1.0f, near, beyond));
  return reinterpret<float>(select(isNaN(x), bitsOf(x), bits));
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

/** In memory, because V8 rebuilds a vector constant at each use, in three instructions. */
const CONSTANTS = memory.data<f32>([-127, 12582912, 1, 0.693147, 0.24022242, 0.055507336, 0.009671513, 0.0013264728]);

/**
 * 2^t for four t <= 0. The relative error is <= 2e-6 (measured 2.2e-7) down to t = -126, about -87 for e^x. Below that the
 * result is less than 2^-126, and exactly 0 from -127 on.
 */
export function exp2(t: v128): v128 {
  return power(
    t,
    v128.load32_splat(CONSTANTS),
    v128.load32_splat(CONSTANTS, 4),
    v128.load32_splat(CONSTANTS, 8),
    v128.load32_splat(CONSTANTS, 12),
    v128.load32_splat(CONSTANTS, 16),
    v128.load32_splat(CONSTANTS, 20),
    v128.load32_splat(CONSTANTS, 24),
    v128.load32_splat(CONSTANTS, 28),
  );
}

/**
 * Replaces each x of the vectors from `at` to `end` by 2^((x - largest) * scale), as {@link exp2} does but with the constants in
 * registers; returns the vectors' sum.
 */
export function exponentials(at: usize, end: usize, largest: v128, scale: v128): v128 {
  const least = v128.load32_splat(CONSTANTS);
  const rounder = v128.load32_splat(CONSTANTS, 4);
  const c0 = v128.load32_splat(CONSTANTS, 8);
  const c1 = v128.load32_splat(CONSTANTS, 12);
  const c2 = v128.load32_splat(CONSTANTS, 16);
  const c3 = v128.load32_splat(CONSTANTS, 20);
  const c4 = v128.load32_splat(CONSTANTS, 24);
  const c5 = v128.load32_splat(CONSTANTS, 28);
  let sum = f32x4.splat(0);
  for (; at < end; at += 16) {
    const t = f32x4.mul(f32x4.sub(v128.load(at), largest), scale);
    const value = power(t, least, rounder, c0, c1, c2, c3, c4, c5);
    sum = f32x4.add(sum, value);
    v128.store(at, value);
  }
  return sum;
}

/**
 * 2^n, where n is the integer nearest to t, goes into the exponent bits. 2^(t - n) is a minimax polynomial, exactly 1 at 0,
 * evaluated by Estrin's scheme, in which few operations wait for others.
 */
function power(t: v128, least: v128, rounder: v128, c0: v128, c1: v128, c2: v128, c3: v128, c4: v128, c5: v128): v128 {
  const clamped = f32x4.pmax(t, least);
  // 1.5 * 2^23: the sum is so large that its last bit is worth 1, and its low bits are n.
  const shifted = f32x4.add(clamped, rounder);
  const f = f32x4.sub(clamped, f32x4.sub(shifted, rounder));
  const f2 = f32x4.mul(f, f);
  const low = f32x4.add(f32x4.mul(c1, f), c0);
  const middle = f32x4.add(f32x4.mul(c3, f), c2);
  const high = f32x4.add(f32x4.mul(c5, f), c4);
  const p = f32x4.add(low, f32x4.mul(f2, f32x4.add(middle, f32x4.mul(f2, high))));
  return i32x4.add(p, i32x4.shl(shifted, 23));
}

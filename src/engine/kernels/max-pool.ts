/**
 * 2x2 maximum, stride 2: `upper`, `lower` float32 [n, 64] -> `out` float32 [n / 2, 64]. n even. Exact, but of +0
 * and -0 either may result.
 */
export function maxPool(out: usize, upper: usize, lower: usize, n: i32): void {
  const end = out + ((<usize>n) << 7);
  for (; out < end; out += 256, upper += 512, lower += 512) {
    for (let i: usize = 0; i < 256; i += 16) {
      const top = f32x4.pmax(v128.load(upper + i), v128.load(upper + i, 256));
      const bottom = f32x4.pmax(v128.load(lower + i), v128.load(lower + i, 256));
      v128.store(out + i, f32x4.pmax(top, bottom));
    }
  }
}

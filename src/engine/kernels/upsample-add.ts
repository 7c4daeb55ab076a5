/**
 * out [n, 64] += one row of a map enlarged by 2, bilinear, corners aligned: (1 - fy) * upper + fy * lower, each
 * [n / 2, 64], sampled at x * (n / 2 - 1) / (n - 1). All float32; n even. Error <= 1e-6 of the largest magnitude.
 */
export function upsampleAdd(out: usize, upper: usize, lower: usize, fy: f32, n: i32): void {
  const down = f32x4.splat(fy);
  const half = n / 2;
  addPixel(out, upper, lower, down);
  out += 256;
  // Pixels 2 i - 1 and 2 i lie between pixels i - 1 and i of the map.
  for (let i = 1; i < half; i++, out += 512, upper += 256, lower += 256) {
    const first = f32x4.splat(<f32>(half - i) / <f32>(n - 1));
    const second = f32x4.splat(<f32>(n - 1 - i) / <f32>(n - 1));
    for (let c: usize = 0; c < 256; c += 16) {
      const left = mix(v128.load(upper + c), v128.load(lower + c), down);
      const right = mix(v128.load(upper + c, 256), v128.load(lower + c, 256), down);
      v128.store(out + c, f32x4.add(v128.load(out + c), mix(left, right, first)));
      v128.store(out + c, f32x4.add(v128.load(out + c, 256), mix(left, right, second)), 256);
    }
  }
  addPixel(out, upper, lower, down);
}

function addPixel(out: usize, upper: usize, lower: usize, down: v128): void {
  for (let c: usize = 0; c < 256; c += 16) {
    const sum = f32x4.add(v128.load(out + c), mix(v128.load(upper + c), v128.load(lower + c), down));
    v128.store(out + c, sum);
  }
}

function mix(a: v128, b: v128, t: v128): v128 {
  return f32x4.add(a, f32x4.mul(f32x4.sub(b, a), t));
}

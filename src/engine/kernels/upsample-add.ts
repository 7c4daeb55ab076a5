/**
 * out [n, 64] += one row of a map enlarged twice, bilinear, corners aligned: (1 - fy) * upper + fy * lower, each
 * [n / 2, 64], sampled at x * (n / 2 - 1) / (n - 1). All float32; n even. Error <= 4e-7 of the largest magnitude.
 */
export function upsampleAdd(out: usize, upper: usize, lower: usize, fy: f32, n: i32): void {
  const last = n / 2 - 1;
  for (let x = 0; x < n; x++) {
    const left = (x * last) / (n - 1);
    const fx = <f32>((x * last) % (n - 1)) / <f32>(n - 1);
    const upperRight = f32x4.splat((1 - fy) * fx);
    const lowerRight = f32x4.splat(fy * fx);
    const upperLeft = f32x4.splat((1 - fy) * (1 - fx));
    const lowerLeft = f32x4.splat(fy * (1 - fx));
    const step: usize = left < last ? 256 : 0;
    let top = upper + ((<usize>left) << 8);
    let bottom = lower + ((<usize>left) << 8);
    for (const end = out + 256; out < end; out += 16, top += 16, bottom += 16) {
      const a = f32x4.add(f32x4.mul(v128.load(top), upperLeft), f32x4.mul(v128.load(top + step), upperRight));
      const b = f32x4.add(f32x4.mul(v128.load(bottom), lowerLeft), f32x4.mul(v128.load(bottom + step), lowerRight));
      v128.store(out, f32x4.add(v128.load(out), f32x4.add(a, b)));
    }
  }
}

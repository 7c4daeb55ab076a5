/**
 * conv3x3 3 -> 64, reflected at both ends: `above`, `row`, `below` RGB8 [n, 3], scaled to 0..1 -> `out` float32 [n, 64].
 * `weights`: float32 [3 dy, 3 dx, 3, 64], bias [64]. n >= 2. Error <= 2e-6 of the sum of the 27 |weights| and |bias|.
 */
export function head(out: usize, above: usize, row: usize, below: usize, weights: usize, n: i32): void {
  const last = n - 1;
  for (let x = 0; x < n; x++, out += 256) {
    const left = x > 0 ? x - 1 : 1;
    const right = x < last ? x + 1 : last - 1;
    // Half of the channels at a time: 8 sums stay in registers.
    half(out, above, row, below, weights, left, x, right);
    half(out + 128, above, row, below, weights + 128, left, x, right);
  }
}

function half(
  out: usize,
  above: usize,
  row: usize,
  below: usize,
  weights: usize,
  left: i32,
  middle: i32,
  right: i32,
): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  for (let tap = 0; tap < 9; tap++) {
    const line = tap < 3 ? above : tap < 6 ? row : below;
    const dx = tap % 3;
    const x = dx == 0 ? left : dx == 1 ? middle : right;
    const pixel = line + 3 * <usize>x;
    for (let colour: usize = 0; colour < 3; colour++, weights += 256) {
      const value = f32x4.splat(<f32>load<u8>(pixel + colour));
      s0 = f32x4.add(s0, f32x4.mul(value, v128.load(weights)));
      s1 = f32x4.add(s1, f32x4.mul(value, v128.load(weights, 16)));
      s2 = f32x4.add(s2, f32x4.mul(value, v128.load(weights, 32)));
      s3 = f32x4.add(s3, f32x4.mul(value, v128.load(weights, 48)));
      s4 = f32x4.add(s4, f32x4.mul(value, v128.load(weights, 64)));
      s5 = f32x4.add(s5, f32x4.mul(value, v128.load(weights, 80)));
      s6 = f32x4.add(s6, f32x4.mul(value, v128.load(weights, 96)));
      s7 = f32x4.add(s7, f32x4.mul(value, v128.load(weights, 112)));
    }
  }
  finish(out, s0, weights);
  finish(out + 16, s1, weights + 16);
  finish(out + 32, s2, weights + 32);
  finish(out + 48, s3, weights + 48);
  finish(out + 64, s4, weights + 64);
  finish(out + 80, s5, weights + 80);
  finish(out + 96, s6, weights + 96);
  finish(out + 112, s7, weights + 112);
}

function finish(out: usize, sum: v128, bias: usize): void {
  v128.store(out, f32x4.add(f32x4.mul(sum, f32x4.splat(1 / <f32>255)), v128.load(bias)));
}

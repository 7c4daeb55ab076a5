/**
 * conv3x3 64 -> 3, reflected at both ends, plus the source enlarged: `above`, `row`, `below` float32 [n, 64] -> `out`
 * RGB8 [n, 3]. `weights`: float32 [3 dy, 3 dx, 3, 64], bias [3]. `upper`, `lower`: RGB8 [n / scale, 3], mixed as
 * (1 - fy) * upper + fy * lower and enlarged `scale` times, bilinear, half-pixel centres, edges repeated. n even, a
 * multiple of scale. The sum, times 255, is rounded to the nearest integer (ties to even) and clamped to 0..255. Before
 * that the error is <= 255 * 2e-6 of the sum of |weight * x|: occasionally a value falls on the other side of a tie.
 */
export function tail(
  out: usize,
  above: usize,
  row: usize,
  below: usize,
  weights: usize,
  upper: usize,
  lower: usize,
  fy: f32,
  scale: i32,
  n: i32,
): void {
  const last = n - 1;
  const sourceLast = n / scale - 1;
  const bias = f32x4(
    load<f32>(weights, 27 * 256),
    load<f32>(weights, 27 * 256 + 4),
    load<f32>(weights, 27 * 256 + 8),
    0,
  );
  for (let x = 0; x < n; x += 2, out += 6) {
    const left = x > 0 ? x - 1 : 1;
    const right = x + 1 < last ? x + 2 : last - 1;
    let r0 = f32x4.splat(0);
    let g0 = r0;
    let b0 = r0;
    let r1 = r0;
    let g1 = r0;
    let b1 = r0;
    let weight = weights;
    for (let dy = 0; dy < 3; dy++, weight += 8 * 256) {
      const line = dy == 0 ? above : dy == 1 ? row : below;
      let p0 = line + ((<usize>left) << 8);
      let p1 = line + ((<usize>x) << 8);
      let p3 = line + ((<usize>right) << 8);
      for (const end = weight + 256; weight < end; weight += 16, p0 += 16, p1 += 16, p3 += 16) {
        const x0 = v128.load(p0);
        const x1 = v128.load(p1);
        const x2 = v128.load(p1, 256);
        const x3 = v128.load(p3);
        let w = v128.load(weight);
        r0 = f32x4.add(r0, f32x4.mul(x0, w));
        r1 = f32x4.add(r1, f32x4.mul(x1, w));
        w = v128.load(weight, 256);
        g0 = f32x4.add(g0, f32x4.mul(x0, w));
        g1 = f32x4.add(g1, f32x4.mul(x1, w));
        w = v128.load(weight, 2 * 256);
        b0 = f32x4.add(b0, f32x4.mul(x0, w));
        b1 = f32x4.add(b1, f32x4.mul(x1, w));
        w = v128.load(weight, 3 * 256);
        r0 = f32x4.add(r0, f32x4.mul(x1, w));
        r1 = f32x4.add(r1, f32x4.mul(x2, w));
        w = v128.load(weight, 4 * 256);
        g0 = f32x4.add(g0, f32x4.mul(x1, w));
        g1 = f32x4.add(g1, f32x4.mul(x2, w));
        w = v128.load(weight, 5 * 256);
        b0 = f32x4.add(b0, f32x4.mul(x1, w));
        b1 = f32x4.add(b1, f32x4.mul(x2, w));
        w = v128.load(weight, 6 * 256);
        r0 = f32x4.add(r0, f32x4.mul(x2, w));
        r1 = f32x4.add(r1, f32x4.mul(x3, w));
        w = v128.load(weight, 7 * 256);
        g0 = f32x4.add(g0, f32x4.mul(x2, w));
        g1 = f32x4.add(g1, f32x4.mul(x3, w));
        w = v128.load(weight, 8 * 256);
        b0 = f32x4.add(b0, f32x4.mul(x2, w));
        b1 = f32x4.add(b1, f32x4.mul(x3, w));
      }
    }
    const first = f32x4.add(sums(r0, g0, b0), bias);
    storePixel(out, f32x4.add(f32x4.mul(first, f32x4.splat(255)), enlarged(upper, lower, fy, scale, sourceLast, x)));
    const second = f32x4.add(sums(r1, g1, b1), bias);
    storePixel(
      out + 3,
      f32x4.add(f32x4.mul(second, f32x4.splat(255)), enlarged(upper, lower, fy, scale, sourceLast, x + 1)),
    );
  }
}

/** The sums of each vector's lanes, as lanes 0..2. */
function sums(r: v128, g: v128, b: v128): v128 {
  const rg = f32x4.add(v128.shuffle<f32>(r, g, 0, 4, 1, 5), v128.shuffle<f32>(r, g, 2, 6, 3, 7));
  const bb = f32x4.add(b, v128.shuffle<f32>(b, b, 2, 3, 0, 1));
  return f32x4.add(v128.shuffle<f32>(rg, bb, 0, 1, 4, 4), v128.shuffle<f32>(rg, bb, 2, 3, 5, 5));
}

/** Pixel x of the enlarged source between two of its rows, 0..255. */
function enlarged(upper: usize, lower: usize, fy: f32, scale: i32, last: i32, x: i32): v128 {
  // (x + 1/2) / scale - 1/2, plus 1 to stay positive, in steps of half a target pixel.
  const at = x * 2 + 1 + scale;
  const step = scale * 2;
  const right = at / step;
  const i = max(right - 1, 0);
  const j = min(right, last);
  const a = mix(rgb(upper, i), rgb(lower, i), f32x4.splat(fy));
  const b = mix(rgb(upper, j), rgb(lower, j), f32x4.splat(fy));
  return mix(a, b, f32x4.splat(<f32>(at % step) / <f32>step));
}

function mix(a: v128, b: v128, t: v128): v128 {
  return f32x4.add(a, f32x4.mul(f32x4.sub(b, a), t));
}

function rgb(row: usize, x: i32): v128 {
  const pixel = row + 3 * <usize>x;
  const bytes = i32x4.splat(<i32>load<u16>(pixel) | ((<i32>load<u8>(pixel, 2)) << 16));
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes)));
}

function storePixel(out: usize, pixel: v128): void {
  const whole = i32x4.trunc_sat_f32x4_s(f32x4.nearest(pixel));
  const words = i16x8.narrow_i32x4_s(whole, whole);
  const bytes = i32x4.extract_lane(i8x16.narrow_i16x8_u(words, words), 0);
  store<u16>(out, <u16>bytes);
  store<u8>(out, <u8>(bytes >> 16), 2);
}

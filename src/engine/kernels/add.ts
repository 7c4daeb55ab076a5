/** out = x + y, float32 `[n, 64]`. */
export function add(out: usize, x: usize, y: usize, n: i32): void {
  for (let i: usize = 0; i < <usize>n * 256; i += 16) {
    v128.store(out + i, f32x4.add(v128.load(x + i), v128.load(y + i)));
  }
}

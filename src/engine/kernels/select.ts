import { exp2 } from "./exp.ts";

/**
 * out = sum_i e_i * softmax_i(l_i), element by element over three candidates, all float32 [n, 64].
 * Error <= 2e-6 of the largest |e_i|.
 */
export function select(out: usize, e1: usize, e2: usize, e3: usize, l1: usize, l2: usize, l3: usize, n: i32): void {
  const log2e = f32x4.splat(1.44269504);
  const size = (<usize>n) << 8;
  for (let i: usize = 0; i < size; i += 16) {
    const a = v128.load(l1 + i);
    const b = v128.load(l2 + i);
    const c = v128.load(l3 + i);
    const largest = f32x4.pmax(f32x4.pmax(a, b), c);
    const w1 = exp2(f32x4.mul(f32x4.sub(a, largest), log2e));
    const w2 = exp2(f32x4.mul(f32x4.sub(b, largest), log2e));
    const w3 = exp2(f32x4.mul(f32x4.sub(c, largest), log2e));
    const first = f32x4.mul(v128.load(e1 + i), w1);
    const second = f32x4.mul(v128.load(e2 + i), w2);
    const third = f32x4.mul(v128.load(e3 + i), w3);
    const sum = f32x4.add(f32x4.add(first, second), third);
    v128.store(out + i, f32x4.div(sum, f32x4.add(f32x4.add(w1, w2), w3)));
  }
}

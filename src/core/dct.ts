/** Side of JPEG's blocks in px. */
export const BLOCK = 8;

/** The basis vector of a frequency, 0..7, scaled to a length of 1. @see ITU-T T.81 annex A.3.3 */
export function cosines(frequency: number): Float64Array {
  const scale = frequency === 0 ? Math.sqrt(1 / BLOCK) : Math.sqrt(2 / BLOCK);
  return Float64Array.from({ length: BLOCK }, (_, i) => scale * Math.cos(((i + 0.5) * frequency * Math.PI) / BLOCK));
}

/** [8, 8]: a basis vector in each row; its transpose is its inverse. */
const FORWARD = Float64Array.from({ length: BLOCK ** 2 }, (_, i) => cosines(Math.floor(i / BLOCK))[i % BLOCK] ?? 0);
const INVERSE = transposed(FORWARD);

/** [8, 8] samples -> coefficients, vertical frequency by horizontal, in place. */
export function transformBlock(block: Float64Array): void {
  multiplyBoth(FORWARD, block);
}

/** Inverse of {@link transformBlock}. */
export function restoreBlock(block: Float64Array): void {
  multiplyBoth(INVERSE, block);
}

/** [8, 8] with rows and columns swapped. */
export function transposed(block: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: BLOCK ** 2 }, (_, i) => block[BLOCK * (i % BLOCK) + Math.floor(i / BLOCK)] ?? 0);
}

const half = new Float64Array(BLOCK ** 2);

/** `block` becomes `matrix` x `block` x its transpose. */
function multiplyBoth(matrix: Float64Array, block: Float64Array): void {
  multiplyTransposed(matrix, block, half);
  multiplyTransposed(matrix, half, block);
}

/** `to` becomes the transpose of `matrix` x `from`. */
function multiplyTransposed(matrix: Float64Array, from: Float64Array, to: Float64Array): void {
  for (let i = 0; i < BLOCK; i++) {
    for (let j = 0; j < BLOCK; j++) {
      let sum = 0;
      for (let k = 0; k < BLOCK; k++) sum += (matrix[BLOCK * i + k] ?? 0) * (from[BLOCK * k + j] ?? 0);
      to[BLOCK * j + i] = sum;
    }
  }
}

import type { Scale, Size } from "../core/image.ts";
import type { Ops } from "./ops.ts";
import { upsamplers } from "./weights.ts";

/** Bytes of a pixel of 64 float32 channels. */
const PIXEL = 256;
/** Side of an attention block on the pooled map. */
const BLOCK = 8;
const ATTENTION_SCRATCH = 64 * 1024;
const STEPS = 9;
/** The upsampler whose weights are the sum of two matrices, the second named `.rest`, like those of `moe.fuse`. */
const ROUNDED_TWICE = "tail.0";

/** The maps of one MSGM. */
interface Gating {
  readonly x: number;
  readonly minus?: number;
  readonly plus?: readonly number[];
  readonly out: number;
  readonly before?: (row: number) => void;
  readonly after?: (row: number) => void;
}

type MemoryPlan = ReturnType<typeof planMemory>;

/**
 * Lays out the kernels' memory for a tile whose sides are multiples of 16. The byte offsets begin at `start` and keep its
 * alignment to 16, because all sizes are multiples of 128.
 * Maps `[height, width, 64]` live for one step, rows `[width, 64]` for one line.
 */
export function planMemory({ width, height }: Size, scale: Scale, start: number) {
  let end = start;
  const place = (bytes: number) => {
    const pointer = end;
    end += bytes;
    return pointer;
  };
  const pixels = width * height;
  const row = width * PIXEL;
  const buffers = {
    /** RGB8 `[height, width, 3]` */
    input: place(3 * pixels),
    /** RGB8 `[scale * height, scale * width, 3]` */
    output: place(3 * pixels * scale ** 2),
    y: place(height * row),
    a: place(height * row),
    b: place(height * row),
    v: place(height * row),
    /** `e1`, `e2`: outputs of steps 3 and 6, kept for the mixing of stages. */
    e1: place(height * row),
    e2: place(height * row),
    queries: place((height * row) / 4),
    keys: place((height * row) / 4),
    values: place((height * row) / 4),
    attended: place((height * row) / 4),
    scratch: place(ATTENTION_SCRATCH),
    /** The branch that goes through the depthwise convolution: its rows above, here and below. */
    branch: [place(row), place(row), place(row)] as const,
    /** The gating branch, one row ahead. */
    gate: [place(row), place(row)] as const,
    rows: [place(row), place(row), place(row)] as const,
    quantized: place(64 * scale * width),
    range: place(8 * scale * width),
    /** A row enlarged by the `.rest` matrix of the first upsampler. */
    rest: place(Math.min(scale, 3) * row),
    /** x4 only: two rows enlarged by 2. */
    halfway: scale === 4 ? place(4 * row) : 0,
    /** The enlarged rows of three input rows. */
    enlarged: place(3 * scale ** 2 * row),
  };
  return { ...buffers, end };
}

/**
 * SSIU over one tile: reads `plan.input`, writes `plan.output`.
 *
 * @param weight - byte offset of the weights of a name, as in weights.ts.
 * @see Ni et al. 2025, "Structural Similarity-Inspired Unfolding for Lightweight Image Super-Resolution", section III.
 */
export function runNetwork(
  ops: Ops,
  weight: (name: string) => number,
  { plan, scale, width, height }: Size & { plan: MemoryPlan; scale: Scale },
): void {
  const { y, a, b, v, e1, e2, quantized, range, rows } = plan;
  const row = width * PIXEL;
  const [pooledWidth, pooledHeight, pooledRow] = [width / 2, height / 2, row / 2];

  for (let r = 0; r < height; r++) {
    const line = (at: number) => plan.input + 3 * width * reflect(at, height);
    ops.head(y + r * row, line(r - 1), line(r), line(r + 1), weight("head"), width);
  }
  let from = y;
  for (let step = 0; step < STEPS; step++) {
    const to = step === 2 ? e1 : step === 5 ? e2 : a;
    unfold(`body.${step}`, from, to);
    from = to;
  }
  mixStages();
  enlarge();

  /** SS-ReM: one step of the unfolded optimisation. `from` may be `to`. */
  function unfold(at: string, from: number, to: number): void {
    const normalize = (r: number) => ops.layerNorm(a + r * row, from + r * row, weight(`${at}.norm`), width);
    gating(`${at}.s2`, { x: a, out: b, before: normalize });
    gating(`${at}.s1`, { x: a, plus: [a, y], out: v, after: (r) => project(`${at}.s3`, r) });
    attend(`${at}.s3`);
    gating(`${at}.s4`, { x: v, minus: b, plus: [b], out: a, before: addAttended });
    gating(`${at}.ffn`, { x: a, plus: [a], out: to });
  }

  /**
   * MSGM of x - minus, plus the maps in `plus`. The 3x3 branch runs one row ahead, so `out` may be any of the inputs.
   * `before` runs before a row is read and `after` once it is written, while the row is in the cache.
   */
  function gating(at: string, { x, minus, plus = [], out, before, after }: Gating): void {
    const { branch, gate } = plan;
    const [work] = rows;
    const lineOf = (r: number) => branch[reflect(r, height) % 3] ?? 0;
    for (let ahead = 0; ahead <= height; ahead++) {
      if (ahead < height) {
        before?.(ahead);
        const inputs = weight(`${at}.inputs`);
        if (minus === undefined) ops.quantize(quantized, range, x + ahead * row, inputs, width);
        else ops.quantizeDifference(quantized, range, x + ahead * row, minus + ahead * row, inputs, width);
        conv(`${at}.project_in2.0`, lineOf(ahead));
        conv(`${at}.project_in1`, gate[ahead % 2] ?? 0);
      }
      if (ahead === 0) continue;
      const r = ahead - 1;
      ops.depthwise(work, lineOf(r - 1), lineOf(r), lineOf(r + 1), weight(`${at}.project_in2.1`), width);
      ops.quantize(quantized, range, work, weight(`${at}.project_in2.2.inputs`), width);
      conv(`${at}.project_in2.2`, work);
      ops.geluMul(work, gate[r % 2] ?? 0, work, width);
      ops.quantize(quantized, range, work, weight(`${at}.project_out.inputs`), width);
      conv(`${at}.project_out`, plus.length === 0 ? out + r * row : work);
      let sum = work;
      for (const addend of plus) {
        ops.add(out + r * row, sum, addend + r * row, width);
        sum = out + r * row;
      }
      after?.(r);
    }
  }

  /** ESAM, first part: once both rows of a pair are there, pools `v` by 2 and projects it to queries, keys and values. */
  function project(at: string, r: number): void {
    if (r % 2 === 0) return;
    const { queries, keys, values } = plan;
    const to = ((r - 1) / 2) * pooledRow;
    ops.maxPool(rows[0], v + (r - 1) * row, v + r * row, width);
    ops.quantize(quantized, range, rows[0], weight(`${at}.qkv_conv.inputs`), pooledWidth);
    conv(`${at}.qkv_conv.q`, queries + to, pooledWidth);
    conv(`${at}.qkv_conv.k`, keys + to, pooledWidth);
    conv(`${at}.qkv_conv.v`, values + to, pooledWidth);
  }

  /** ESAM, second part: computes attention block by block, then smooths it, overwriting the keys. */
  function attend(at: string): void {
    const { queries, keys, values, attended, scratch } = plan;
    const position = weight(`${at}.position`);
    for (let top = 0; top < pooledHeight; top += BLOCK) {
      for (let left = 0; left < pooledWidth; left += BLOCK) {
        ops.attention(attended, queries, keys, values, position, scratch, left, top, pooledWidth, pooledHeight);
      }
    }
    const line = (r: number) => attended + reflect(r, pooledHeight) * pooledRow;
    for (let r = 0; r < pooledHeight; r++) {
      ops.depthwise(keys + r * pooledRow, line(r - 1), line(r), line(r + 1), weight(`${at}.LocalProp.0`), pooledWidth);
    }
  }

  /** v += the attended map, enlarged to the size of `v`. */
  function addAttended(r: number): void {
    const { lower, upper, fraction } = between((r * (pooledHeight - 1)) / (height - 1), pooledHeight);
    const { keys: smoothed } = plan;
    ops.upsampleAdd(v + r * row, smoothed + lower * pooledRow, smoothed + upper * pooledRow, fraction, width);
  }

  /** MoE-FS of the three stages, plus y, into `b`. */
  function mixStages(): void {
    const [l1, l2, l3] = rows;
    const stages = [
      { stage: e1, name: "moe.fc_a", logits: l1 },
      { stage: e2, name: "moe.fc_b", logits: l2 },
      { stage: a, name: "moe.fc_c", logits: l3 },
    ];
    for (let r = 0; r < height; r++) {
      for (const { stage, name, logits } of stages) {
        ops.quantize(quantized, range, stage + r * row, weight(`${name}.inputs`), width);
        conv(name, logits);
      }
      const mixed = b + r * row;
      ops.select(mixed, e1 + r * row, e2 + r * row, a + r * row, l1, l2, l3, width);
      ops.quantize(quantized, range, mixed, weight("moe.fuse.inputs"), width);
      conv("moe.fuse", l1);
      conv("moe.fuse.rest", l2);
      ops.add(l1, l1, l2, width);
      ops.add(mixed, mixed, l1, width);
      ops.add(mixed, mixed, y + r * row, width);
    }
  }

  /** The tail: features `b` -> `plan.output`. Enlarging runs one input row ahead of the output. */
  function enlarge(): void {
    const enlargedRow = scale * row;
    const lineOf = (r: number) => plan.enlarged + (reflect(r, scale * height) % (3 * scale)) * enlargedRow;
    const [first = "", second] = upsamplers(scale);
    for (let ahead = 0; ahead <= height; ahead++) {
      if (ahead < height) {
        if (second === undefined) {
          shuffle(first, scale, b + ahead * row, width, (i) => lineOf(scale * ahead + i));
        } else {
          const halfwayRow = 2 * row;
          shuffle(first, 2, b + ahead * row, width, (i) => plan.halfway + i * halfwayRow);
          for (const i of [0, 1]) {
            const line = plan.halfway + i * halfwayRow;
            shuffle(second, 2, line, 2 * width, (j) => lineOf(4 * ahead + 2 * i + j));
          }
        }
      }
      if (ahead === 0) continue;
      for (let r = scale * (ahead - 1); r < scale * ahead; r++) {
        const { lower, upper, fraction } = between(Math.max(0, (r + 0.5) / scale - 0.5), height);
        ops.tail(
          plan.output + 3 * scale * width * r,
          lineOf(r - 1),
          lineOf(r),
          lineOf(r + 1),
          weight("tail"),
          plan.input + 3 * width * lower,
          plan.input + 3 * width * upper,
          fraction,
          scale,
          scale * width,
        );
      }
    }
  }

  /** conv1x1 64 -> 64 * factor^2, PixelShuffle, GELU: `n` pixels -> `factor` rows of `factor * n`. */
  function shuffle(name: string, factor: number, x: number, n: number, lineOf: (i: number) => number): void {
    ops.quantize(quantized, range, x, weight(`${name}.inputs`), n);
    const convLine = (line: number, i: number, suffix = "") => {
      for (let j = 0; j < factor; j++) {
        const part = weight(`${name}.${i * factor + j}${suffix}`);
        ops.gemm(line + j * PIXEL, factor * PIXEL, quantized, range, part, n);
      }
    };
    for (let i = 0; i < factor; i++) {
      const line = lineOf(i);
      convLine(line, i);
      if (name === ROUNDED_TWICE) {
        convLine(plan.rest, i, ".rest");
        ops.add(line, line, plan.rest, factor * n);
      }
      ops.gelu(line, line, factor * n);
    }
  }

  /** conv1x1 64 -> 64 of the last quantized row. */
  function conv(name: string, out: number, n = width): void {
    ops.gemm(out, PIXEL, quantized, range, weight(name), n);
  }
}

/** Reflects an index at most one beyond either end into 0..length-1. */
function reflect(index: number, length: number): number {
  if (index < 0) return -index;
  return index < length ? index : 2 * (length - 1) - index;
}

/** The two lines around a position, and how far it is from the lower-numbered one. */
function between(position: number, length: number): { lower: number; upper: number; fraction: number } {
  const lower = Math.min(Math.floor(position), length - 1);
  return { lower, upper: Math.min(lower + 1, length - 1), fraction: position - lower };
}

import type { Memory } from "./memory.ts";

/** @see Ops.attention */
export function attention(
  { f32 }: Memory,
  out: number,
  q: number,
  k: number,
  v: number,
  position: number,
  _scratch: number,
  x: number,
  y: number,
  w: number,
  h: number,
): void {
  const at = (map: number, column: number, row: number, channel: number) => {
    const inside = column >= 0 && column < w && row >= 0 && row < h;
    return inside ? (f32[map / 4 + (row * w + column) * 64 + channel] ?? 0) : 0;
  };
  const relH = (i: number, c: number) => f32[position / 4 + i * 8 + c] ?? 0;
  const relW = (j: number, c: number) => f32[position / 4 + 80 + j * 8 + c] ?? 0;
  for (let head = 0; head < 4; head++) {
    for (let query = 0; query < 64; query++) {
      const column = x + (query % 8);
      const row = y + Math.floor(query / 8);
      const logits = Array.from({ length: 100 }, (_, key) => {
        const i = Math.floor(key / 10);
        const j = key % 10;
        let dot = 0;
        for (let c = 0; c < 16; c++) {
          const place = c < 8 ? relH(i, c) : relW(j, c - 8);
          dot += at(q, column, row, head * 16 + c) * (at(k, x - 1 + j, y - 1 + i, head * 16 + c) + place);
        }
        return dot / 4;
      });
      const largest = Math.max(...logits);
      const weights = logits.map((logit) => Math.exp(logit - largest));
      const total = weights.reduce((a, b) => a + b);
      for (let c = head * 16; c < head * 16 + 16; c++) {
        const sum = weights.reduce(
          (s, weight, key) => s + weight * at(v, x - 1 + (key % 10), y - 1 + Math.floor(key / 10), c),
          0,
        );
        f32[out / 4 + (row * w + column) * 64 + c] = sum / total;
      }
    }
  }
}

import { expect, test } from "vitest";
import { openEngine } from "../../../src/cli/engines.ts";

const [one, two] = [
  { width: 144, height: 144 },
  { width: 145, height: 20 },
];

test("has threads for several tiles, 16 at most, and none for one tile, on one core or of another engine", async () => {
  const engineFor = await openEngine("simd", 64);
  const [alone, threads] = [engineFor(one), engineFor(two)];
  expect(alone.concurrency).toBeUndefined();
  expect(threads).toMatchObject({ tiling: alone.tiling, concurrency: 16 });
  expect(threads.engine).not.toBe(alone.engine);
  expect(engineFor(two).engine).toBe(threads.engine);
  const onOneCore = await openEngine("simd", 1);
  expect(onOneCore(two)).toBe(onOneCore(one));
  const native = await openEngine("ort", 64);
  expect(native({ width: 1000, height: 1000 })).toBe(native(one));
});

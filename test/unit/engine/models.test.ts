import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { SCALES } from "../../../src/core/image.ts";
import { modelFor, parseManifest, verifyModel } from "../../../src/engine/models.ts";

const manifest = parseManifest(JSON.parse(await readFile("models/manifest.json", "utf8")));

describe.each(SCALES)("x%i", (scale) => {
  it.each(["onnx", "packed"] as const)("has the %s file that the manifest names", async (kind) => {
    const file = modelFor(manifest, scale, "clean")[kind];
    const bytes = await readFile(`models/${file.file}`);
    await expect(verifyModel(bytes, file)).resolves.toBe(bytes);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await expect(verifyModel(bytes, file)).rejects.toThrow(`Expected sha256 ${file.sha256} for ${file.file}`);
  });
});

it("refuses to run a model that is not in the manifest", () => {
  expect(() => modelFor(parseManifest({ models: [] }), 3, "clean")).toThrow("x3, clean");
});

it("tells the variants of a scale apart", () => {
  const file = { file: "f", sha256: "0".repeat(64) };
  const model = { scale: 2, onnx: file, packed: file };
  const find = parseManifest({
    models: [
      { ...model, id: "a", variant: "clean" },
      { ...model, id: "b", variant: "web" },
    ],
  });
  expect([find(2, "clean")?.id, find(2, "web")?.id, find(3, "web")]).toEqual(["a", "b", undefined]);
});

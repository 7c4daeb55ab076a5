import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { SCALES } from "../../../src/core/image.ts";
import { NETWORKS } from "../../../src/engine/engine.ts";
import { parseManifest, verifyModel } from "../../../src/engine/models.ts";
import { clean } from "./clean.ts";

const manifest = parseManifest(JSON.parse(await readFile("models/manifest.json", "utf8")));

describe.each(SCALES)("x%i", (scale) => {
  it.each(["onnx", "packed"] as const)("has the %s file that the manifest names", async (kind) => {
    const file = manifest(clean(scale))[kind];
    const bytes = await readFile(`models/${file.file}`);
    await expect(verifyModel(bytes, file)).resolves.toBe(bytes);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await expect(verifyModel(bytes, file)).rejects.toThrow(`Expected sha256 ${file.sha256} for ${file.file}`);
  });
});

const file = { file: "f", sha256: "0".repeat(64) };
const MODELS = NETWORKS.map((network) => ({
  ...network,
  id: `x${network.scale}-${network.variant}`,
  onnx: file,
  packed: file,
}));

it("finds each variant of each scale", () => {
  const find = parseManifest({ models: MODELS });
  expect(MODELS.map((model) => find(model).id)).toEqual(MODELS.map(({ id }) => id));
});

it.each(MODELS)("refuses a manifest without $id", ({ id, scale, variant }) => {
  const others = MODELS.filter((model) => model.id !== id);
  expect(() => parseManifest({ models: others })).toThrow(`x${scale}, ${variant}`);
});

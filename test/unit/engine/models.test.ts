import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { SCALES } from "../../../src/core/image.ts";
import { parseManifest, verifyModel } from "../../../src/engine/models.ts";

const manifest = parseManifest(JSON.parse(await readFile("models/manifest.json", "utf8")));

describe.each(SCALES)("x%i", (scale) => {
  it.each(["onnx", "packed"] as const)("has the %s file that the manifest names", async (kind) => {
    const file = manifest(scale)[kind];
    const bytes = await readFile(`models/${file.file}`);
    await expect(verifyModel(bytes, file)).resolves.toBe(bytes);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await expect(verifyModel(bytes, file)).rejects.toThrow(`Expected sha256 ${file.sha256} for ${file.file}`);
  });
});

it("refuses a manifest without a model for a scale that is asked for", () => {
  expect(() => parseManifest({ models: [] })(3)).toThrow("x3");
});

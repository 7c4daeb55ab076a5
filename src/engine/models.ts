import * as z from "zod";
import { sha256Hex } from "../core/digest.ts";
import type { Scale } from "../core/image.ts";

const File = z.object({ file: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.number().int() });
export type ModelFile = z.infer<typeof File>;

const Manifest = z.object({
  models: z.array(
    z.object({
      id: z.string(),
      scale: z.union([z.literal(2), z.literal(3), z.literal(4)]),
      weights: File,
      onnx: File,
      packed: File,
    }),
  ),
});

export type Model = z.infer<typeof Manifest>["models"][number];

/** Reads models/manifest.json: one model for each scale. */
export function parseManifest(json: unknown): (scale: Scale) => Model {
  const { models } = Manifest.parse(json);
  return (scale) => {
    const model = models.find((m) => m.scale === scale);
    if (model === undefined) throw new RangeError(`Expected a model for x${scale} in models/manifest.json`);
    return model;
  };
}

/**
 * Lets a model file through only if it is the one the manifest names: a cut or swapped file would give wrong pictures
 * under the right model's id.
 */
export async function verifyModel(bytes: Uint8Array, { file, sha256 }: ModelFile): Promise<Uint8Array> {
  const actual = await sha256Hex(bytes);
  if (actual !== sha256) throw new Error(`Expected sha256 ${sha256} for ${file}, got ${actual}`);
  return bytes;
}

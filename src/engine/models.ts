import * as z from "zod";
import { sha256Hex } from "../core/digest.ts";
import { SCALES, type Scale, VARIANTS, type Variant } from "../core/image.ts";

const File = z.object({ file: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/) });
export type ModelFile = z.infer<typeof File>;

const Manifest = z.object({
  models: z.array(
    z.object({
      id: z.string(),
      scale: z.literal(SCALES),
      variant: z.enum(VARIANTS),
      onnx: File,
      packed: File,
    }),
  ),
});

export type Model = z.infer<typeof Manifest>["models"][number];

/** The model for a scale and variant. */
export type FindModel = (scale: Scale, variant: Variant) => Model;

/** Reads models/manifest.json. @throws {Error} unless it has each variant of each scale */
export function parseManifest(json: unknown): FindModel {
  const { models } = Manifest.parse(json);
  const find: FindModel = (scale, variant) => {
    const model = models.find((model) => model.scale === scale && model.variant === variant);
    if (model === undefined)
      throw new RangeError(`Expected a model for x${scale}, ${variant}, in models/manifest.json`);
    return model;
  };
  for (const scale of SCALES) for (const variant of VARIANTS) find(scale, variant);
  return find;
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

import * as z from "zod";
import type { Scale } from "../core/image.ts";

const File = z.object({ file: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.number().int() });

const Manifest = z.object({
  models: z.array(
    z.object({ id: z.string(), scale: z.union([z.literal(2), z.literal(3), z.literal(4)]), weights: File, onnx: File }),
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

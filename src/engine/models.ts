import * as z from "zod";
import { sha256Hex } from "../core/digest.ts";
import { SCALES, VARIANTS } from "../core/image.ts";
import { isSameNetwork, NETWORKS, type Network } from "./engine.ts";

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

/** Finds the model of a network. */
export type FindModel = (network: Network) => Model;

/** Reads models/manifest.json. @throws {Error} unless it has a model of each network */
export function parseManifest(json: unknown): FindModel {
  const { models } = Manifest.parse(json);
  const find: FindModel = (network) => {
    const model = models.find((model) => isSameNetwork(model, network));
    if (model === undefined)
      throw new RangeError(`Expected a model for x${network.scale}, ${network.variant}, in models/manifest.json`);
    return model;
  };
  for (const network of NETWORKS) find(network);
  return find;
}

/**
 * Returns a model file only if it is the one the manifest names: a truncated or swapped file would give wrong pictures
 * under the right model's id.
 */
export async function verifyModel(bytes: Uint8Array, { file, sha256 }: ModelFile): Promise<Uint8Array> {
  const actual = await sha256Hex(bytes);
  if (actual !== sha256) throw new Error(`Expected sha256 ${sha256} for ${file}, got ${actual}`);
  return bytes;
}

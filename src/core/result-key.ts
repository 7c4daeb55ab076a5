import { sha256Hex } from "./digest.ts";
import type { ImagePath } from "./image-path.ts";
import { formatTransform } from "./transform.ts";

/** Raise it with every change, other than of a model, that alters the bytes of a result: codecs, alpha, tiling, defaults. */
export const PIPELINE_VERSION = 27;

/** Everything the bytes of a result depend on. */
export interface ResultIdentity extends ImagePath {
  /** Id from models/manifest.json, or one for all the models that may make the result; changes with their weights. */
  readonly model: string;
  /** Which engine makes results of which kind: engines differ in the last bit. */
  readonly engine: string;
  /** Version of the source's bytes: its ETag, or a hash. */
  readonly version: string;
}

/** Storage key of a result, `r1/<model id>/<sha256>`; its ETag is the hash. */
export interface ResultKey {
  readonly path: string;
  readonly etag: string;
}

export async function resultKey({ model, engine, transform, source, version }: ResultIdentity): Promise<ResultKey> {
  const ops = [formatTransform(transform), ...(transform.accepts ?? [])].join("+");
  const identity = JSON.stringify([PIPELINE_VERSION, model, engine, ops, source, version]);
  const hex = await sha256Hex(identity);
  return { path: `r1/${model}/${hex}`, etag: `"${hex}"` };
}

import * as z from "zod";
import { expected, ServiceError } from "./errors.ts";
import { parseTransform } from "./transform.ts";

/** Ops that have a name, `preset=thumb`. */
export interface Presets {
  readonly ops: ReadonlyMap<string, string>;
  /** Whether a URL may consist of nothing but one preset. */
  readonly only: boolean;
}

export const NO_PRESETS: Presets = { ops: new Map(), only: false };

const Named = z.record(z.string().regex(/^[A-Za-z0-9_-]{1,32}$/), z.string());

/**
 * Reads a JSON object of names and ops: `{"thumb": "width=160,height=160,fit=cover"}`.
 *
 * @throws {TypeError} that names the preset, if its ops are not what {@link parseTransform} takes.
 */
export function parsePresets(json: string): ReadonlyMap<string, string> {
  const named = Named.parse(JSON.parse(json));
  for (const [name, ops] of Object.entries(named)) {
    try {
      parseTransform(ops);
    } catch (cause) {
      throw new TypeError(`Expected ops for preset ${name}: ${cause instanceof Error ? cause.message : cause}`);
    }
  }
  return new Map(Object.entries(named));
}

/**
 * Puts a preset's ops in the place of its name. What comes out is all that counts: a preset and its ops written out have
 * one key.
 *
 * @throws {ServiceError} `invalid_transform` for a name that is not known, `transform_forbidden` where only presets are allowed.
 */
export function expandPresets(text: string, { ops, only }: Presets): string {
  const expand = (op: string) => (op.startsWith("preset=") ? ops.get(op.slice("preset=".length)) : op);
  if (only && (!text.startsWith("preset=") || expand(text) === undefined)) {
    throw new ServiceError("transform_forbidden", expected("a preset, and nothing beside it,", "transform", text));
  }
  const expanded = text.split(",").map((op) => {
    const known = expand(op);
    if (known === undefined)
      throw new ServiceError("invalid_transform", expected("the name of a preset", "preset", op));
    return known;
  });
  return expanded.join(",");
}

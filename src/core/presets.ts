import * as z from "zod";
import { expected, ServiceError } from "./errors.ts";
import { formatTransform, parseTransform, type Transform } from "./transform.ts";

/** Named ops, as in `preset=thumb`. */
export interface Presets {
  readonly ops: ReadonlyMap<string, string>;
  /** Canonical forms of all that may be asked for, if only presets may; absent: anything may. */
  readonly only?: ReadonlySet<string> | undefined;
}

export const NO_PRESETS: Presets = { ops: new Map() };

const Named = z
  .string()
  .transform((json, context): unknown => {
    try {
      return JSON.parse(json);
    } catch (error) {
      context.addIssue(`${error}`);
      return z.NEVER;
    }
  })
  .pipe(z.record(z.string().regex(/^[A-Za-z0-9_-]{1,32}$/), z.string()));

/**
 * Reads a JSON object of names and ops: `{"thumb": "width=160,height=160,fit=cover"}`.
 *
 * @param name - where the JSON comes from, for error messages.
 * @throws {TypeError} that says where the JSON has another shape, or names the preset whose ops
 * {@link parseTransform} refuses.
 */
export function parsePresets(json: string, name: string): ReadonlyMap<string, string> {
  const named = Named.safeParse(json);
  if (!named.success) {
    throw new TypeError(`Expected a JSON object of names and ops for ${name}: ${z.prettifyError(named.error)}`);
  }
  for (const [preset, ops] of Object.entries(named.data)) {
    try {
      parseTransform(ops);
    } catch (cause) {
      throw new TypeError(
        `Expected ops for preset ${preset} of ${name}: ${cause instanceof Error ? cause.message : cause}`,
      );
    }
  }
  return new Map(Object.entries(named.data));
}

/** These presets, with nothing allowed that is not equivalent to one of them. */
export function onlyPresets(ops: ReadonlyMap<string, string>): Presets {
  return { ops, only: new Set([...ops.values()].map((text) => formatTransform(parseTransform(text)))) };
}

/**
 * Parses ops, with each preset replaced by its ops. Only the outcome counts: a preset and its ops written out have the same
 * key, and both are allowed where only presets are.
 *
 * @throws {ServiceError} `invalid_transform`, `transform_forbidden`
 */
export function parseOps(text: string, { ops, only }: Presets): Transform {
  const transform = parseTransform(text.split(",").map(expand).join(","));
  if (only !== undefined && !only.has(formatTransform(transform))) {
    throw new ServiceError("transform_forbidden", expected("the ops of a preset", "transform", text));
  }
  return transform;

  function expand(op: string): string {
    if (!op.startsWith("preset=")) return op;
    const known = ops.get(op.slice("preset=".length));
    const there = ops.size === 0 ? "none, as there are no presets," : "the name of a preset";
    if (known === undefined) throw new ServiceError("invalid_transform", expected(there, "preset", op));
    return known;
  }
}

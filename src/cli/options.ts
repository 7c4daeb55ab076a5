import * as z from "zod";
import { expected } from "../core/errors.ts";
import { type Scale, VARIANTS } from "../core/image.ts";
import type { ENGINES } from "../engine/node-engines.ts";

/** The message of a schema whose input is not `what`, or is missing. */
export function expecting(what: string, name: string): (issue: { readonly input?: unknown }) => string {
  return ({ input }) =>
    input === undefined ? `Expected ${what} for ${name}, got nothing` : expected(what, name, String(input));
}

/** The path that means stdin when reading and stdout when writing. */
export const PIPE = "-";

/** `--scale` */
export const ScaleOption = z
  .enum(["2", "3", "4"], { error: expecting("2, 3 or 4", "--scale") })
  .transform((text) => Number(text) as Scale);

/** `--model` */
export const ModelOption = z.enum(VARIANTS, { error: expecting(VARIANTS.join(" or "), "--model") });

/** `--engine` */
export const EngineOption = z.enum(["simd", "ort", "ort-web"] satisfies (keyof typeof ENGINES)[], {
  error: expecting("simd, ort or ort-web", "--engine"),
});

/** Quality of a lossy format, under the name of its option. */
export const QualityOption = (name: string) =>
  z
    .string()
    .regex(/^([1-9]\d?|100)$/, { error: expecting("1 to 100", name) })
    .transform(Number);

/** Describes `--engine` in `--help`. */
export const ENGINE_HELP =
  "simd: the Worker's int8 engine, one tile per core, on up to 16 cores; ort: native ONNX Runtime on all cores, in tiles of 512x512; " +
  "ort-web: ONNX Runtime in WebAssembly, in small tiles, as in the Worker's environment ort";

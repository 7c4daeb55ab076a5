import * as z from "zod";
import type { Presets } from "../../core/presets.ts";
import type { JobConfig } from "./config.ts";
import { canonicalRequest, checkCallback, Ops } from "./job-request.ts";

const UploadRules = z.array(
  z.strictObject({
    prefix: z.string(),
    ops: z.array(Ops).min(1),
    callback: z.url().optional(),
  }),
);

/** Each upload whose key begins with `prefix` becomes a job for each of `ops`, in their canonical form. */
export type UploadRule = z.infer<typeof UploadRules>[number];

/**
 * Reads the variable UPLOAD_RULES; no rules if it is absent or empty. They are the owner's, so PRESETS_ONLY does not apply.
 *
 * @throws {Error} if it is not a list of rules with ops and callbacks that a job may have
 */
export function parseUploadRules(text: string | undefined, { ops }: Presets, config: JobConfig): UploadRule[] {
  try {
    return UploadRules.parse(JSON.parse(text || "[]")).map((rule) => {
      checkCallback(rule.callback, undefined, config);
      return { ...rule, ops: rule.ops.map((op) => canonicalRequest({ source: "any", ops: op }, { ops }).ops) };
    });
  } catch (cause) {
    const reason =
      cause instanceof z.ZodError ? z.prettifyError(cause) : cause instanceof Error ? cause.message : cause;
    throw new Error(`Expected a JSON list of rules for UPLOAD_RULES: ${reason}`, { cause });
  }
}

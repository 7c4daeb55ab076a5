import * as z from "zod";
import type { Presets } from "../../core/presets.ts";
import { canonicalRequest, Ops } from "./job-request.ts";

const UploadRules = z.array(
  z.strictObject({
    prefix: z.string(),
    ops: z.array(Ops).min(1),
    callback: z.url().optional(),
  }),
);

/** Each upload whose key begins with `prefix` becomes a job for each of `ops`. */
export type UploadRule = z.infer<typeof UploadRules>[number];

/** Reads the variable UPLOAD_RULES. @throws {Error} where it is not a list of rules with ops that a job may have */
export function parseUploadRules(text: string, presets: Presets): UploadRule[] {
  const rules = UploadRules.safeParse(JSON.parse(text));
  if (!rules.success) throw new Error(`Invalid UPLOAD_RULES:\n${z.prettifyError(rules.error)}`);
  for (const ops of rules.data.flatMap((rule) => rule.ops)) {
    try {
      canonicalRequest({ source: "any", ops }, presets);
    } catch (cause) {
      throw new Error(`Invalid UPLOAD_RULES:\n${cause instanceof Error ? cause.message : cause}`, { cause });
    }
  }
  return rules.data;
}

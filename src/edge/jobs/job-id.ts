import { sha256Hex } from "../../core/digest.ts";

/** Whether a text can be the id of a job. */
export function isJobId(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text);
}

/** A new random id. */
export function randomJobId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}

/**
 * The id that repetitions of the same request share, so that each finds the job that the first one made. The job's record
 * is also the only trace of the request, so neither can exist without the other.
 *
 * @param kind - what `rest` identifies; ids of different kinds never collide.
 */
export async function derivedJobId(kind: "idempotency-key" | "upload" | "webhook", ...rest: string[]): Promise<string> {
  return (await sha256Hex(JSON.stringify([kind, ...rest]))).slice(0, 32);
}

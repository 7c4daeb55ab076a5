import { sha256Hex } from "../../core/digest.ts";

/** Whether a text can be the id of a job. */
export function isJobId(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text);
}

/** An id of its own. */
export function randomJobId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}

/**
 * The id that everything which asks for the same has in common. Whoever asks again finds the job made before: its own
 * record is the memory of having been asked, so that neither can be there without the other.
 *
 * @param kind - what the rest is; ids of different kinds never meet.
 */
export async function derivedJobId(kind: "idempotency-key" | "upload" | "webhook", ...rest: string[]): Promise<string> {
  return (await sha256Hex(JSON.stringify([kind, ...rest]))).slice(0, 32);
}

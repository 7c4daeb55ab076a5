/** Milliseconds that a Retry-After header asks to wait, as seconds or as a date; undefined without one. @see RFC 9110 §10.2.3 */
export function parseRetryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header)) return 1000 * Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

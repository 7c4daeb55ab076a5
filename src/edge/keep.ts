import { parseRange } from "../core/http.ts";
import { ORIGIN_ENGINE } from "./place.ts";
import type { Product } from "./produce.ts";
import type { Result, Results } from "./results.ts";

interface Made extends Product {
  readonly path: string;
}

interface KeepOptions {
  /** A Range header, if a part is wanted. */
  readonly range: string | undefined;
  readonly waitUntil: (promise: Promise<unknown>) => void;
  readonly onFailure: (cause: unknown) => void;
}

/**
 * What is to be answered of a new result. Our engine makes the same bytes everywhere; two origins may differ
 * in the last bit, and a strong ETag names bytes (RFC 9110 §8.8.1). So what an origin made is answered under the key's ETag
 * only from the store, whether this request's or another's that was first, and does not stay in memory for as long as the client
 * takes; `strong` is false if none is stored.
 */
export async function keep(
  results: Results,
  { path, bytes, facts, stored }: Made,
  { range, waitUntil, onFailure }: KeepOptions,
): Promise<{ result: Result; strong: boolean }> {
  const put = stored.catch(onFailure);
  waitUntil(put);
  const isOurs = facts.engine !== ORIGIN_ENGINE;
  const strong = isOurs || (await put) === true;
  const kept = isOurs ? undefined : await results.get(path, range).catch(onFailure);
  if (kept) return { result: kept, strong: true };
  // Nothing that a client has can be completed with a part of what is not made again (RFC 9110 §13.1.5).
  const part = strong ? parseRange(range, bytes.length) : undefined;
  const body = part === undefined ? bytes : bytes.subarray(part.offset, part.offset + part.length);
  return { result: { facts, bytes: bytes.length, body, range: part }, strong };
}

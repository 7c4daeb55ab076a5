import { fromBase64Url } from "../core/base64url.ts";
import { expected, ServiceError } from "../core/errors.ts";
import type { Keyring } from "../core/keyring.ts";
import { contentDigest, ORIGIN_WINDOW_SECONDS, originSigningText } from "../core/origin-request.ts";

interface SignedRequestOptions {
  readonly keyring: Keyring;
  /** Unix time. */
  readonly nowSeconds: number;
}

/**
 * Checks the signature in a request's headers against its path and time. Returns the digest that it covers, which is still
 * to be checked against the body: this way, no body is read from a sender without a key.
 *
 * @throws {ServiceError} `signature_invalid`, the same whatever is wrong; its cause says what, for the log.
 */
export async function verifySignature(
  { url, headers }: Pick<Request, "url" | "headers">,
  { keyring, nowSeconds }: SignedRequestOptions,
): Promise<string> {
  const { pathname, search } = new URL(url);
  const digest = headers.get("Content-Digest") ?? "";
  const signature = fromBase64Url(headers.get("X-SSIU-Signature") ?? "");
  const stamp = headers.get("X-SSIU-Timestamp") ?? "";
  const timestamp = /^\d{1,12}$/.test(stamp) ? Number(stamp) : Number.NaN;
  const isFresh = Math.abs(nowSeconds - timestamp) <= ORIGIN_WINDOW_SECONDS;
  if (!isFresh) {
    const what = `at most ${ORIGIN_WINDOW_SECONDS} s more or less than ${Math.floor(nowSeconds)}`;
    throw invalid(expected(what, "X-SSIU-Timestamp", stamp));
  }
  const pathAndQuery = `${pathname}${search}`;
  const keyId = headers.get("X-SSIU-Key-Id") ?? "";
  const text = originSigningText({ pathAndQuery, digest, timestamp });
  if (signature === undefined || !(await keyring.verify(keyId, text, signature))) {
    throw invalid(
      `${expected("the id of a known key", "X-SSIU-Key-Id", keyId)}, or ${expected("what it signed", "URL", pathAndQuery)}`,
    );
  }
  return digest;
}

/** @throws {ServiceError} `signature_invalid` if these are not the bytes that were signed. */
export async function verifyBody(bytes: Uint8Array, digest: string): Promise<void> {
  const actual = await contentDigest(bytes);
  if (actual !== digest) throw invalid(expected(actual, "Content-Digest", digest));
}

/** @throws {ServiceError} `invalid_transform` unless it is a whole number of milliseconds. */
export function parseDeadline(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header);
  throw new ServiceError("invalid_transform", expected("whole milliseconds", "X-SSIU-Deadline-Ms", header));
}

/**
 * Limits the bodies that are being received to `room` bytes. Nothing else does: admission needs the picture's header.
 *
 * @throws {ServiceError} `overloaded`
 */
export function createReception(room: number) {
  let announced = 0;
  return async <T>(bytes: number, receive: () => Promise<T>): Promise<T> => {
    if (announced + bytes > room) {
      throw new ServiceError("overloaded", "Expected room for another body; try again later", { retryAfterSeconds: 1 });
    }
    announced += bytes;
    try {
      return await receive();
    } finally {
      announced -= bytes;
    }
  };
}

/** Most bytes that a body may come to; `limit` if its length is not announced. */
export function bodyLength(headers: Headers, limit: number): number {
  return Math.min(limit, Number(headers.get("Content-Length") ?? limit));
}

function invalid(cause: string): ServiceError {
  const message = "Expected a request signed by a known key within five minutes of the clock here";
  return new ServiceError("signature_invalid", message, { cause });
}

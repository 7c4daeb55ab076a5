import { encodeBase64 } from "hono/utils/encode";
import { sha256 } from "./digest.ts";

/** How far the clocks of the edge and the origin may be apart. */
export const ORIGIN_WINDOW_SECONDS = 300;

/** Used, with a line in the log, if no keys are set and only this machine can connect. */
export const DEVELOPMENT_KEYS = "dev:only-for-this-machine";

/** What the edge signs and the origin verifies. */
interface OriginRequest {
  /** `/v1/upscale?x2,format=webp`, as it stands in the request line. */
  readonly pathAndQuery: string;
  /** Value of the Content-Digest header. */
  readonly digest: string;
  /** Unix time in seconds. */
  readonly timestamp: number;
}

/** The text that is signed with HMAC-SHA256; the digest stands for the body. */
export function originSigningText({ pathAndQuery, digest, timestamp }: OriginRequest): string {
  return `v1\nPOST\n${pathAndQuery}\n${digest}\n${timestamp}`;
}

/** Value of a Content-Digest header, `sha-256=:<base64>:`. @see RFC 9530, section 2 */
export async function contentDigest(bytes: Uint8Array): Promise<string> {
  return `sha-256=:${encodeBase64(await sha256(bytes))}:`;
}

import { fromBase64Url, toBase64Url } from "./base64url.ts";
import { expected, ServiceError } from "./errors.ts";
import { formatImagePath, type ImagePath, joinImagePath } from "./image-path.ts";
import type { Keyring } from "./keyring.ts";
import { isRemote } from "./remote-url.ts";
import { formatTransform } from "./transform.ts";

const PARAMETERS: readonly string[] = ["exp", "kid", "sig"];

/** What a valid signature says. */
interface SignedUrl {
  /** Unix time in seconds. */
  readonly expires: number;
  /** Id of the key that signed. */
  readonly keyId: string;
}

/** For `expires`: the last second of the year 9999. */
export const NEVER = 253_402_300_799;

/**
 * The path and query of a link that is valid until `expires` (Unix time in seconds): `/img/…?exp=…&kid=…&sig=…`. `onerror`
 * is in the link but not signed, because it changes no result.
 */
export async function signUrl(path: ImagePath, expires: number, keys: Keyring): Promise<string> {
  const signature = toBase64Url(await keys.sign(signingText(path, `${expires}`)));
  const { transform, source } = path;
  const onerror = transform.onerror === undefined ? "" : `,onerror=${transform.onerror}`;
  const link = joinImagePath(`${formatTransform(transform)}${onerror}`, source);
  return `${link}?exp=${expires}&kid=${keys.id}&sig=${signature}`;
}

/**
 * Checks `exp`, `kid` and `sig`. The canonical path is signed, not its spelling: with another order of the ops, an alias or
 * another encoding of the source it is the same link. Other parameters are ignored.
 *
 * @param nowSeconds - Unix time.
 * @throws {ServiceError} `signature_invalid`; `link_expired`, only for a link that was valid once.
 */
export async function verifyUrl(
  path: ImagePath,
  query: URLSearchParams,
  { keys, nowSeconds }: { keys: Keyring; nowSeconds: number },
): Promise<SignedUrl> {
  const [exp = "", keyId = "", sig = ""] = PARAMETERS.map((name) => query.get(name) ?? "");
  const signature = fromBase64Url(sig);
  if (signature === undefined || !(await keys.verify(keyId, signingText(path, exp), signature))) {
    throw new ServiceError("signature_invalid", "Expected exp, kid and sig of a link signed for this path");
  }
  const expires = Number(exp);
  // Not `nowSeconds >= expires`, so that a signed `exp` that is no number has expired.
  if (!(nowSeconds < expires)) throw new ServiceError("link_expired", "The link has expired");
  return { expires, keyId };
}

/**
 * Refuses a query beside a remote source, other than a signature: it looks like part of the picture's URL, but is not part of
 * the path, so the answer would be another picture.
 *
 * @throws {ServiceError} `invalid_path`
 */
export function refuseStrayQuery(source: string, query: URLSearchParams): void {
  const stray = isRemote(source) ? [...query.keys()].find((name) => !PARAMETERS.includes(name)) : undefined;
  if (stray === undefined) return;
  const message = expected("no query beside the source", "URL", stray);
  throw new ServiceError("invalid_path", `${message}; encode it whole: /img/x2/https%3A%2F%2F…%3Fv%3D2`);
}

/** Named and versioned, so that a signature made for something else with the same key is not valid here. */
function signingText(path: ImagePath, exp: string): string {
  return `img1\n${formatImagePath(path)}\n${exp}`;
}

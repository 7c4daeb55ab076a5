import { ServiceError } from "../core/errors.ts";
import { cappedCacheControl } from "../core/http.ts";
import type { ImagePath } from "../core/image-path.ts";
import type { Keyring } from "../core/keyring.ts";
import { isRemote } from "../core/remote-url.ts";
import { verifyUrl } from "../core/signed-url.ts";
import type { SigningMode } from "./config.ts";
import { VIA } from "./remote-source.ts";

/** What a request was let through with. */
interface Grant {
  /** Of the answer: nothing outlives the link. */
  readonly cacheControl: string;
  /** Of the key that signed, where a signature was needed. */
  readonly keyId?: string;
}

/** Decides from the request alone; no source has been touched yet. */
export type Authorize = (path: ImagePath, request: Request) => Promise<Grant>;

interface AccessRules {
  readonly mode: SigningMode;
  /** Undefined: no signature is valid. */
  readonly keys: Keyring | undefined;
  /** Of an answer without a signature. */
  readonly cacheControl: string;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
}

export function createAuthorize({ mode, keys, cacheControl, clock }: AccessRules): Authorize {
  return async (path, request) => {
    const { searchParams, host } = new URL(request.url);
    const remote = isRemote(path.source);
    if (request.headers.get("Via")?.includes(VIA) || (remote && new URL(path.source).host === host)) {
      throw new ServiceError("source_forbidden", "A picture from here is no source");
    }
    if (mode === "off" || (mode === "remote" && !remote)) return { cacheControl };
    if (keys === undefined) throw new ServiceError("signature_invalid", "There is no key to sign links with");
    const nowSeconds = Math.floor(clock() / 1000);
    const { expires, keyId } = await verifyUrl(path, searchParams, { keys, nowSeconds });
    return { cacheControl: cappedCacheControl(cacheControl, expires - nowSeconds), keyId };
  };
}

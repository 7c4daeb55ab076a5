import { ServiceError } from "../core/errors.ts";
import { cappedCacheControl } from "../core/http.ts";
import type { ImagePath } from "../core/image-path.ts";
import type { Keyring } from "../core/keyring.ts";
import { isRemote } from "../core/remote-url.ts";
import { verifyUrl } from "../core/signed-url.ts";
import type { Signing } from "./config.ts";
import { VIA } from "./remote-source.ts";

/** What a request was let through with. */
interface Grant {
  /** Of an answer that leaves now: nothing outlives the link. */
  readonly cacheControl: () => string;
  /** Of the key that signed, where a signature was needed. */
  readonly keyId?: string;
}

/** Decides from the request alone; no source has been touched yet. */
export type Authorize = (path: ImagePath, request: Request) => Promise<Grant>;

interface AccessRules {
  readonly signing: Signing;
  /** Of an answer without a signature. */
  readonly cacheControl: string;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
}

/** What signs the URLs that alone serve the pictures of a source; undefined where any URL does. */
export function keysFor(source: string, signing: Signing): Keyring | undefined {
  if (signing.mode === "off" || (signing.mode === "remote" && !isRemote(source))) return undefined;
  return signing.keys;
}

export function createAuthorize({ signing, cacheControl, clock }: AccessRules): Authorize {
  return async (path, request) => {
    const { searchParams, host } = new URL(request.url);
    if (hasPassedUs(request) || isMadeHere(path.source, host)) {
      throw new ServiceError("source_forbidden", "A picture that was made here is no source");
    }
    const keys = keysFor(path.source, signing);
    if (keys === undefined) return { cacheControl: () => cacheControl };
    const nowSeconds = () => Math.floor(clock() / 1000);
    const { expires, keyId } = await verifyUrl(path, searchParams, { keys, nowSeconds: nowSeconds() });
    return { cacheControl: () => cappedCacheControl(cacheControl, Math.max(0, expires - nowSeconds())), keyId };
  };
}

/** Where we are a route of a site, the rest of its host is the site's own, and its pictures may be sources. */
function isMadeHere(source: string, host: string): boolean {
  if (!isRemote(source)) return false;
  const url = new URL(source);
  return url.host === host && url.pathname.startsWith("/img/");
}

/** One entry of the list and not any text in it: a proxy before us may be called `ssiu-edge.example.com`. */
function hasPassedUs({ headers }: Request): boolean {
  return (headers.get("Via") ?? "").split(",").some((hop) => hop.trim() === VIA);
}

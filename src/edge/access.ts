import { ServiceError } from "../core/errors.ts";
import { cappedCacheControl } from "../core/http.ts";
import type { ImagePath } from "../core/image-path.ts";
import type { Keyring } from "../core/keyring.ts";
import { isRemote } from "../core/remote-url.ts";
import { verifyUrl } from "../core/signed-url.ts";
import type { Signing } from "./config.ts";
import { VIA } from "./remote-source.ts";

/** What an authorised request gets. */
interface Grant {
  /** Cache-Control of an answer sent now, capped so that no cached copy outlives a signed link. */
  readonly cacheControl: () => string;
  /** Id of the key that signed the URL, if a signature is required. */
  readonly keyId?: string;
}

/** Decides from the request alone, before any source is looked up. */
export type Authorize = (path: ImagePath, request: Request) => Promise<Grant>;

interface AccessRules {
  readonly signing: Signing;
  /** Cache-Control of a picture, before it is capped for a signed link. */
  readonly cacheControl: string;
  /** Unix time in milliseconds. */
  readonly clock: () => number;
}

/** The keys that must sign the URLs of this source; undefined if unsigned URLs serve it. */
export function keysFor(source: string, signing: Signing): Keyring | undefined {
  if (signing.mode === "off" || (signing.mode === "remote" && !isRemote(source))) return undefined;
  return signing.keys;
}

export function createAuthorize({ signing, cacheControl, clock }: AccessRules): Authorize {
  return async (path, request) => {
    const { searchParams, host } = new URL(request.url);
    if (hasPassedUs(request) || isMadeHere(path.source, host)) {
      throw new ServiceError("source_forbidden", "A picture that was made here cannot be a source");
    }
    const keys = keysFor(path.source, signing);
    if (keys === undefined) return { cacheControl: () => cacheControl };
    const nowSeconds = () => Math.floor(clock() / 1000);
    const { expires, keyId } = await verifyUrl(path, searchParams, { keys, nowSeconds: nowSeconds() });
    return { cacheControl: () => cappedCacheControl(cacheControl, Math.max(0, expires - nowSeconds())), keyId };
  };
}

/** Only /img/ counts: if the Worker is a route of a site, other pictures on the same host may be sources. */
function isMadeHere(source: string, host: string): boolean {
  if (!isRemote(source)) return false;
  const url = new URL(source);
  return url.host === host && url.pathname.startsWith("/img/");
}

/** Compares whole Via entries, because a proxy in front may be called `ssiu-edge.example.com`. */
function hasPassedUs({ headers }: Request): boolean {
  return (headers.get("Via") ?? "").split(",").some((hop) => hop.trim() === VIA);
}

import { assertPublicUrl } from "./address.ts";
import { expected, ServiceError } from "./errors.ts";
import { parseRemoteUrl } from "./remote-url.ts";

/** Where remote sources may come from: each entry an origin and the path everything below which is allowed. */
export type AllowList = readonly { readonly origin: string; readonly path: string }[];

/**
 * Reads `https://host[:port][/prefix]`, separated by commas; nothing is allowed by an empty text.
 *
 * @throws {ServiceError} where an entry is no https URL of a public host, or has a query.
 */
export function parseAllowList(text: string): AllowList {
  const entries = text.split(",").map((entry) => entry.trim());
  return entries.filter((entry) => entry !== "").map(parseEntry);
}

function parseEntry(entry: string): AllowList[number] {
  if (/[?#*]/.test(entry)) {
    throw new ServiceError("invalid_path", expected("no query and no wildcard", "allowed source", entry));
  }
  const url = new URL(parseRemoteUrl(entry));
  // Without its last slash: the prefix ends where a segment ends.
  return { origin: url.origin, path: url.pathname.replace(/\/$/, "") };
}

/**
 * @param url - canonical, see {@link parseRemoteUrl}.
 * @throws {ServiceError} `source_forbidden`, which does not tell what would be allowed.
 */
export function assertAllowed(list: AllowList, url: URL): void {
  assertPublicUrl(url);
  if (list.some(({ origin, path }) => url.origin === origin && `${url.pathname}/`.startsWith(`${path}/`))) return;
  throw new ServiceError("source_forbidden", "The source's address is not among those allowed here");
}

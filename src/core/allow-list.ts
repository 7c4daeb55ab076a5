import { assertPublicUrl } from "./address.ts";
import { expectedUrl, ServiceError } from "./errors.ts";
import { parseRemoteUrl } from "./remote-url.ts";

/** Where remote sources may come from: each entry an origin and the path everything below which is allowed. */
export type AllowList = readonly { readonly origin: string; readonly path: string }[];

/**
 * Reads `https://host[:port][/prefix]`, separated by commas; nothing is allowed by an empty text.
 *
 * @param name - where they come from, for what is thrown.
 * @throws {ServiceError} where an entry is no https URL of a public host, or has a query.
 */
export function parseAllowList(text: string, name: string): AllowList {
  const entries = text.split(",").map((entry) => entry.trim());
  return entries.filter((entry) => entry !== "").map((entry) => parseEntry(entry, name));
}

function parseEntry(entry: string, name: string): AllowList[number] {
  if (/[@?#*]/.test(entry)) {
    throw new ServiceError("invalid_path", expectedUrl("no user, no query and no wildcard", name, entry));
  }
  const url = new URL(parseRemoteUrl(entry, name));
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

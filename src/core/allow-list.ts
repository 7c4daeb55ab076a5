import { assertPublicUrl } from "./address.ts";
import { expectedUrl, ServiceError } from "./errors.ts";
import { parseRemoteUrl } from "./remote-url.ts";

/** Where remote sources may come from: each entry allows everything on an origin below a path. */
export type AllowList = readonly { readonly origin: string; readonly path: string }[];

/**
 * Reads entries `https://host[:port][/prefix]`, separated by commas; an empty text allows nothing.
 *
 * @param name - where the text comes from, for error messages.
 * @throws {ServiceError} if an entry is no https URL of a public host, or has a query.
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
  // Without a trailing slash, because a prefix ends at the end of a segment.
  return { origin: url.origin, path: url.pathname.replace(/\/$/, "") };
}

/**
 * @param url - canonical, see {@link parseRemoteUrl}.
 * @throws {ServiceError} `source_forbidden`, which does not reveal what is allowed.
 */
export function assertAllowed(list: AllowList, url: URL): void {
  assertPublicUrl(url);
  if (list.some(({ origin, path }) => url.origin === origin && `${url.pathname}/`.startsWith(`${path}/`))) return;
  throw new ServiceError("source_forbidden", "The source's address is not among those allowed here");
}

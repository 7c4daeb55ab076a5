import { assertPublicUrl } from "./address.ts";
import { expected, ServiceError } from "./errors.ts";

/** Whether a source's id is a URL: {@link parseRemoteUrl} made it. No object key of ours looks so, it would have an empty segment. */
export function isRemote(source: string): boolean {
  return source.startsWith("https://");
}

/**
 * The one spelling of a picture's URL, `https://host[:port]/path[?query]`: host in lower case and punycode, no default
 * port, dot segments resolved, percent-encoding only where needed and in upper case (RFC 3986 §6.2.2), no fragment.
 *
 * @param text - `https:/host/…` too, as URL parsers take it: proxies and browsers collapse slashes in paths.
 * @param name - what it is, for the message.
 * @throws {ServiceError} `invalid_path`, `source_forbidden`
 */
export function parseRemoteUrl(text: string, name = "source"): string {
  if (DROPPED.test(text)) throw new ServiceError("invalid_path", expected("plain characters", name, text));
  const url = parse(text, name);
  assertPublicUrl(url, name);
  const path = normalise(url.pathname);
  // Asked before decoding: `%%34%31` would become `%41`, a second spelling of `A`.
  if (LONE_PERCENT.test(url.pathname) || UNSAFE.test(path)) {
    throw new ServiceError("invalid_path", expected("plain, once-encoded segments", name, url.pathname));
  }
  return `https://${url.host}${path}${normalise(url.search)}`;
}

/**
 * What two servers may read differently, and so what may lead a path out of the prefix it was allowed for: empty segments,
 * dots before a semicolon (servlets take `..;x` for `..`), encoded slashes, backslashes and control characters, double
 * encoding.
 */
const UNSAFE = /\/\/|\/\.\.?(?:;|%3B)|%(?:2F|5C|[01].|7F|25[0-9A-Fa-f]{2})/;

/** What a URL parser drops or turns into a slash before anybody sees it: control characters, backslashes in a path, a space at the end. */
const DROPPED = / $|^[^?#]*\\|[^ -~\u0080-\u{10ffff}]/u;

/** A percent sign that encodes nothing: likewise in a path. Queries have them, `?sale=50%`. */
const LONE_PERCENT = /%(?![0-9a-f]{2})/i;

/** Percent-encodings of unreserved characters decoded, the others in upper case; a lone percent sign encoded. */
function normalise(encoded: string): string {
  return encoded.replace(/%([0-9a-f]{2})?/gi, (triplet) => {
    if (triplet === "%") return "%25";
    const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : triplet.toUpperCase();
  });
}

function parse(text: string, name: string): URL {
  try {
    return new URL(text);
  } catch (cause) {
    throw new ServiceError("invalid_path", expected("https://<host>/<path>", name, text), { cause });
  }
}

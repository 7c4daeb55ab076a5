import { assertPublicUrl } from "./address.ts";
import { expected, ServiceError } from "./errors.ts";

/** Whether a source is a URL from {@link parseRemoteUrl}. No object key looks like one, because it would have an empty segment. */
export function isRemote(source: string): boolean {
  return source.startsWith("https://");
}

/**
 * The one spelling of a picture's URL, `https://host[:port]/path[?query]`: host in lower case and punycode, no default
 * port, dot segments resolved, percent-encoding only where needed and in upper case (RFC 3986 §6.2.2), no fragment.
 *
 * @param text - may be `https:/host/…`, which URL parsers accept, because proxies and browsers collapse slashes in paths.
 * @param name - what the URL is, for the message.
 * @throws {ServiceError} `invalid_path`, `source_forbidden`
 */
export function parseRemoteUrl(text: string, name = "source"): string {
  if (DROPPED.test(text)) throw new ServiceError("invalid_path", expected("plain characters", name, text));
  const url = parse(text, name);
  assertPublicUrl(url, name);
  const path = normalise(url.pathname);
  // Checked before decoding, because `%%34%31` would become `%41`, a second spelling of `A`.
  if (LONE_PERCENT.test(url.pathname) || UNSAFE.test(path)) {
    throw new ServiceError("invalid_path", expected("plain, once-encoded segments", name, url.pathname));
  }
  return `https://${url.host}${path}${normalise(url.search)}`;
}

/**
 * What two servers may read differently, so that a path may lead out of the prefix it was allowed for: empty segments, dots
 * before a semicolon (servlets take `..;x` for `..`), encoded slashes, backslashes and control characters, double encoding.
 */
const UNSAFE = /\/\/|\/\.\.?(?:;|%3B)|%(?:2F|5C|[01].|7F|25[0-9A-Fa-f]{2})/;

/** What a URL parser silently drops or turns into a slash: control characters, backslashes in a path, a space at the end. */
const DROPPED = / $|^[^?#]*\\|[^ -~\u0080-\u{10ffff}]/u;

/** A percent sign that encodes nothing: servers may read it differently in a path. Queries have them, `?sale=50%`. */
const LONE_PERCENT = /%(?![0-9a-f]{2})/i;

/** Decodes percent-encoded unreserved characters, writes other encodings in upper case and encodes lone percent signs. */
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

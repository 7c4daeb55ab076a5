import { expected, ServiceError } from "./errors.ts";

/** Names that mean this machine, the link or a private network (RFC 6761, 6762, 8375, ICANN's `internal`), or nothing at all. */
const RESERVED = /(^|\.)(localhost|local|internal|localdomain|lan|home\.arpa|test|invalid|onion)$/;

/**
 * Whether a host may be fetched from on behalf of a stranger, as far as its name tells: it must be a domain name of two
 * or more labels that is not reserved. No spelling of an IP address passes: the URL parser turns `0x7f.1`, `017700000001`
 * and `2130706433` into dotted decimal, and every IPv6 address (mapped ones too) into one without dots. A Worker cannot
 * see what a public name resolves to, so an allow-list has to say which names are trusted.
 *
 * @param hostname - as in {@link URL.hostname}: lower case, punycode, IP addresses normalised.
 */
function isPublicHost(hostname: string): boolean {
  const name = hostname.replace(/\.$/, "");
  return /\.[^.]*[^.\d][^.]*$/.test(name) && !RESERVED.test(name);
}

/**
 * Checks that a URL we fetch from or post to has https, a public host and no credentials.
 *
 * @param name - what the URL is, for the message.
 * @throws {ServiceError} `source_forbidden`
 */
export function assertPublicUrl(url: URL, name = "source"): void {
  const isPlain = url.protocol === "https:" && url.username === "" && url.password === "";
  if (isPlain && isPublicHost(url.hostname)) return;
  // Only the origin is shown, because the rest of the URL may hold a password.
  throw new ServiceError(
    "source_forbidden",
    expected("an https URL of a public host without credentials", name, url.origin),
  );
}

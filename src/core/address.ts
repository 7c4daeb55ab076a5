import { expected, ServiceError } from "./errors.ts";

/** Names that mean this machine, the link or a private network (RFC 6761, 6762, 8375, ICANN's `internal`), or nothing at all. */
const RESERVED = /(^|\.)(localhost|local|internal|localdomain|lan|home\.arpa|test|invalid|onion)$/;

/**
 * Whether a host may be fetched from on behalf of a stranger, as far as its name tells: a domain name of two labels or
 * more that is not reserved. No IP address is, in whatever spelling: the URL parser turns `0x7f.1`, `017700000001`
 * and `2130706433` into dotted decimal, and every IPv6 address (mapped ones too) into one without dots. What a public
 * name resolves to cannot be seen from a Worker: an allow-list has to say which names are trusted.
 *
 * @param hostname - as in {@link URL.hostname}: lower case, punycode, IP addresses normalised.
 */
function isPublicHost(hostname: string): boolean {
  const name = hostname.replace(/\.$/, "");
  return /\.[^.]*[^.\d][^.]*$/.test(name) && !RESERVED.test(name);
}

/**
 * What we fetch from or post to: https, a public host, no credentials.
 *
 * @param name - what the URL is, for the message.
 * @throws {ServiceError} `source_forbidden`
 */
export function assertPublicUrl(url: URL, name = "source"): void {
  const isPlain = url.protocol === "https:" && url.username === "" && url.password === "";
  if (isPlain && isPublicHost(url.hostname)) return;
  // The origin only: what else stands in the URL may be a password.
  throw new ServiceError(
    "source_forbidden",
    expected("an https URL of a public host without credentials", name, url.origin),
  );
}

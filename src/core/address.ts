import { expected, ServiceError } from "./errors.ts";

/** Names that do not leave a machine or a network (RFC 6761, RFC 6762, RFC 8375). */
const LOCAL_NAME = /(^|\.)(localhost|local|internal|home\.arpa)\.?$/i;

/** Hosts in figures: the URL parser has brought every spelling of IPv4 into four decimals, and IPv6 into brackets. */
const ADDRESS = /^(\d+\.\d+\.\d+\.\d+|\[.*\])$/;

/**
 * Refuses a URL that may lead into a private network or carries credentials: https only, and a name, not an address.
 * Public addresses in figures are refused too; nobody has a certificate for one.
 *
 * @throws {ServiceError} `source_forbidden`
 */
export function assertPublicUrl(url: URL): void {
  const { protocol, username, password, hostname } = url;
  const isPublic = hostname.includes(".") && !LOCAL_NAME.test(hostname) && !ADDRESS.test(hostname);
  if (protocol !== "https:" || username !== "" || password !== "" || !isPublic) {
    throw new ServiceError("source_forbidden", expected("a public https address", "URL", url.href));
  }
}

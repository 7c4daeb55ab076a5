import { ServiceError } from "../core/errors.ts";
import { logError } from "../service/problem.ts";

/** Of both limits in wrangler.toml; the platform knows 10 and 60. */
const PERIOD_SECONDS = 10;

/** Counts one for who asks. @throws {ServiceError} `too_many_requests` */
export type RateLimiter = (caller: string) => Promise<void>;

/** The platform's counter, one for each Cloudflare location; nothing is limited without a binding, or where it fails: what is kept would not be served either. */
export function rateLimiter(binding: RateLimit | undefined): RateLimiter {
  return async (key) => {
    const answer = await binding?.limit({ key }).catch((cause: unknown) => logError("rate limit", cause));
    if (answer?.success !== false) return;
    const message = `Too many requests; try again in ${PERIOD_SECONDS} seconds`;
    throw new ServiceError("too_many_requests", message, { retryAfterSeconds: PERIOD_SECONDS });
  };
}

/**
 * Who a client is, from CF-Connecting-IP, which Cloudflare sets and nobody else can: an IPv4 address, or the first four groups
 * of an IPv6 address, as whoever has one has all 2^64 beside it.
 */
export function clientOf(address = ""): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head.split(":").filter((group) => group !== "");
  const zeros = tail === undefined ? 0 : 8 - groups.length - tail.split(":").length;
  return [...groups, ...new Array(Math.max(0, zeros)).fill("0"), ...(tail?.split(":") ?? [])].slice(0, 4).join(":");
}

import { ServiceError } from "../core/errors.ts";
import { logError } from "../service/problem.ts";

/** The period of both limits in wrangler.toml; the platform allows 10 and 60. */
const PERIOD_SECONDS = 10;

/** Counts one request of a caller. @throws {ServiceError} `too_many_requests` */
export type RateLimiter = (caller: string) => Promise<void>;

/** The platform's counter, per Cloudflare location. Requests pass if it is missing or fails, so that hits are served. */
export function rateLimiter(binding: RateLimit | undefined): RateLimiter {
  return async (key) => {
    const answer = await binding?.limit({ key }).catch((cause: unknown) => logError("rate limit", cause));
    if (answer?.success !== false) return;
    const message = `Too many requests; try again in ${PERIOD_SECONDS} seconds`;
    throw new ServiceError("too_many_requests", message, { retryAfterSeconds: PERIOD_SECONDS });
  };
}

/**
 * Identifies a client by CF-Connecting-IP, which only Cloudflare can set: the IPv4 address, or the first four groups of the
 * IPv6 address, because whoever has one address has all 2^64 of its network.
 */
export function clientOf(address = ""): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head.split(":").filter((group) => group !== "");
  const zeros = tail === undefined ? 0 : 8 - groups.length - tail.split(":").length;
  return [...groups, ...new Array(Math.max(0, zeros)).fill("0"), ...(tail?.split(":") ?? [])].slice(0, 4).join(":");
}

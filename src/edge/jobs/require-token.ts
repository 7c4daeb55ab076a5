import type { MiddlewareHandler } from "hono";
import { timingSafeEqual } from "hono/utils/buffer";
import { ServiceError } from "../../core/errors.ts";

/** Lets through requests with one of the tokens (RFC 6750 §2.1). All are compared, each in constant time. */
export function requireToken(tokens: readonly string[]): MiddlewareHandler {
  return async (c, next) => {
    const [, given = ""] = /^Bearer +(\S+)$/i.exec(c.req.header("Authorization") ?? "") ?? [];
    const matches = await Promise.all(tokens.map((token) => timingSafeEqual(token, given)));
    if (!matches.includes(true))
      throw new ServiceError("unauthorized", "Expected a known token for Authorization: Bearer");
    await next();
  };
}

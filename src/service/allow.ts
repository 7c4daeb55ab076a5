import type { MiddlewareHandler } from "hono";
import type { RequestIdVariables } from "hono/request-id";
import { ServiceError } from "../core/errors.ts";
import { problem } from "./problem.ts";

/** Answers requests with any other method than these by a 405 (RFC 9110 §15.5.6). */
export function allow(methods: string): MiddlewareHandler<{ Variables: RequestIdVariables }> {
  return async (c) => {
    const answer = problem(new ServiceError("method_not_allowed", `Expected ${methods}`), c.get("requestId"));
    answer.headers.set("Allow", methods);
    return answer;
  };
}

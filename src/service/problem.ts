import { ServiceError } from "../core/errors.ts";

/** An error as the client sees it: `application/problem+json` (RFC 9457), never cached, without internals. */
export function problem(error: ServiceError, requestId: string): Response {
  const { code, status, message, detail, retryAfterSeconds } = error;
  return Response.json(
    { type: "about:blank", title: TITLES[status], status, code, detail: message, ...detail, requestId },
    {
      status,
      headers: {
        "Content-Type": "application/problem+json",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Request-Id": requestId,
        ...(status === 401 && { "WWW-Authenticate": "Bearer" }),
        ...(status === 416 && { "Content-Range": `bytes */${detail?.limit}` }),
        ...((status === 429 || status === 503) && { "Retry-After": `${retryAfterSeconds ?? 1}` }),
      },
    },
  );
}

/** Anything that is not a ServiceError is a bug of ours, and its text is not for the client. */
export function asServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  return new ServiceError("internal", "The request failed; its id names it in the log", { cause: error });
}

const TITLES: Readonly<Record<ServiceError["status"], string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  410: "Gone",
  412: "Precondition Failed",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  499: "Client Closed Request",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** Logs one line of JSON with what the client is not told, under the request's id. */
export function logError(requestId: string, error: unknown): undefined {
  const { code, message, status, cause } = asServiceError(error);
  const line = JSON.stringify({ requestId, code, message, cause: cause instanceof Error ? cause.stack : cause });
  if (status >= 500) console.error(line);
  else console.info(line);
}

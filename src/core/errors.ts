/** HTTP status of each failure (RFC 9110; 499 is nginx's and unseen): 4xx if a user can cause it. `webhook_failed` is only logged. */
const STATUS = {
  invalid_transform: 400,
  invalid_path: 400,
  transform_forbidden: 403,
  invalid_json: 400,
  unauthorized: 401,
  signature_invalid: 403,
  source_forbidden: 403,
  source_not_found: 404,
  not_found: 404,
  method_not_allowed: 405,
  nothing_to_replay: 409,
  link_expired: 410,
  precondition_failed: 412,
  source_too_large: 413,
  image_too_large: 413,
  body_too_large: 413,
  url_too_long: 414,
  unsupported_format: 415,
  range_not_satisfiable: 416,
  undecodable_image: 422,
  invalid_job: 422,
  idempotency_conflict: 422,
  too_many_requests: 429,
  client_gone: 499,
  internal: 500,
  inference_failed: 500,
  source_failed: 502,
  origin_failed: 502,
  webhook_failed: 502,
  source_changed: 503,
  overloaded: 503,
  deadline_exceeded: 504,
} as const;

export type ErrorCode = keyof typeof STATUS;

/** The limit that was exceeded and the value that exceeded it; shown to the client. */
export interface LimitDetail {
  readonly limit: number;
  readonly actual: number;
  /** What is counted: "bytes", "pixels", "px", "frames", … */
  readonly unit: string;
}

interface ServiceErrorOptions extends ErrorOptions {
  readonly detail?: LimitDetail | undefined;
  /** When it is worth trying again, if known; for 429 and 503. */
  readonly retryAfterSeconds?: number;
}

/** The only error that crosses a module boundary. `message` is shown to the client; the reason goes into `cause`. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly code: ErrorCode;
  readonly detail: LimitDetail | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, options?: ServiceErrorOptions) {
    super(message, options);
    this.code = code;
    this.detail = options?.detail;
    this.retryAfterSeconds = options?.retryAfterSeconds;
  }

  get status(): (typeof STATUS)[ErrorCode] {
    return STATUS[this.code];
  }
}

/** "Expected X for NAME, got V", V cut to 80 characters. */
export function expected(what: string, name: string, got: string): string {
  const shown = got.length > 80 ? `${got.slice(0, 80)}…` : got;
  return `Expected ${what} for ${name}, got ${JSON.stringify(shown)}`;
}

/** {@link expected} for a URL, which is shown only if it can hold neither a password nor a token. */
export function expectedUrl(what: string, name: string, got: string): string {
  return /[@?#]/.test(got) ? `Expected ${what} for ${name}, got text with @, ? or #` : expected(what, name, got);
}

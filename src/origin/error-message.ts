import { type ErrorCode, type LimitDetail, ServiceError } from "../core/errors.ts";
import { asServiceError } from "../service/problem.ts";

/** A ServiceError as it goes from one thread to another, where a class does not survive. */
export interface ErrorMessage {
  readonly code: ErrorCode;
  readonly message: string;
  readonly detail?: LimitDetail | undefined;
  /** For the log. */
  readonly cause: string;
}

export function toErrorMessage(error: unknown): ErrorMessage {
  const { code, message, detail, cause } = asServiceError(error);
  return { code, message, detail, cause: cause instanceof Error ? `${cause.stack}` : `${cause}` };
}

/** Inverse of {@link toErrorMessage}. */
export function fromErrorMessage({ code, message, detail, cause }: ErrorMessage): ServiceError {
  return new ServiceError(code, message, { cause, detail });
}

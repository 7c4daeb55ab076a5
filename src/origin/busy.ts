import { ServiceError } from "../core/errors.ts";

/** The refusal of a picture. @param waitMs - estimated wait; the client is told 1 to 60 s. @param cause - for the log. */
export function busy(waitMs: number, cause: string): ServiceError {
  const retryAfterSeconds = Math.min(60, Math.max(1, Math.ceil(waitMs / 1000)));
  const message = "Expected time and room for the picture; try again later";
  return new ServiceError("overloaded", message, { cause, retryAfterSeconds });
}

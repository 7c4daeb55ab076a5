import { expect, it } from "vitest";
import { ServiceError } from "../../src/core/errors.ts";
import { fromErrorMessage, toErrorMessage } from "../../src/origin/error-message.ts";

it("loses nothing of an error that a client is shown on its way from one thread to another", () => {
  const detail = { limit: 1, actual: 2, unit: "px" };
  const error = new ServiceError("image_too_large", "Expected less", { detail });
  const { code, message, detail: received } = fromErrorMessage(structuredClone(toErrorMessage(error)));
  expect({ code, message, detail: received }).toEqual({ code: "image_too_large", message: "Expected less", detail });
});

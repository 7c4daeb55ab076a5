import { Hono } from "hono";
import { expect, it } from "vitest";
import { requireToken } from "../../../src/edge/jobs/require-token.ts";
import { asServiceError, problem } from "../../../src/service/problem.ts";

const TOKENS = ["token-of-the-first", "token-of-the-second"];

it.each([
  ["Bearer token-of-the-first", 200],
  ["Bearer token-of-the-second", 200],
  ["bearer token-of-the-second", 200],
  [`Bearer ${TOKENS.join()}`, 401],
  ["Bearer token-of-the-third", 401],
  ["Bearer ", 401],
  ["token-of-the-first", 401],
])("where there are two tokens, %s is answered %i", async (Authorization, status) => {
  const app = new Hono();
  app.get("/", requireToken(TOKENS), (c) => c.text("in"));
  app.onError((cause) => problem(asServiceError(cause), "1"));
  expect((await app.request("/", { headers: { Authorization } })).status).toBe(status);
});

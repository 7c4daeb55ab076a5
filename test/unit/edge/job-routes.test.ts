import { expect, it, vi } from "vitest";
import { ServiceError } from "../../../src/core/errors.ts";
import { createJobRoutes, type JobRoutesDeps } from "../../../src/edge/jobs/routes.ts";

// What tests with real jobs cannot show, such as long lists; test/edge/jobs.test.ts tests the rest in workerd.

it("lists jobs without a result from a cursor on, and says where to go on", async () => {
  const read = vi.fn(async () => ({ ids: ["2"], cursor: "after 2" }));
  // Fakes of only what is used.
  const deps = { config: { tokens: ["token"] }, lists: { read } } as unknown as JobRoutesDeps;
  const headers = { Authorization: "Bearer token" };
  const answer = await createJobRoutes(deps).request("/jobs?state=dead&cursor=after%201", { headers });
  expect(await answer.json()).toEqual({ jobs: ["2"], cursor: "after 2" });
  expect(read).toHaveBeenCalledExactlyOnceWith("dead", "after 1");
});

it("reads nothing of whom it does not know", async () => {
  const deps = { config: { tokens: ["token"] } } as unknown as JobRoutesDeps;
  let isRead = false;
  const pull = (controller: ReadableStreamDefaultController) => {
    isRead = true;
    controller.close();
  };
  const body = new ReadableStream({ pull }, { highWaterMark: 0 });
  // `fetch` needs `duplex` for a streamed body.
  const options = { method: "POST", body, duplex: "half" };
  const app = createJobRoutes(deps);
  app.onError((cause) => new Response(null, { status: cause instanceof ServiceError ? cause.status : 500 }));
  expect((await app.request("/jobs", options)).status).toBe(401);
  expect(isRead).toBe(false);
});

import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { RequestIdVariables } from "hono/request-id";
import * as z from "zod";
import { expected, ServiceError } from "../../core/errors.ts";
import { allow } from "../../service/allow.ts";
import type { Job } from "./job.ts";
import { derivedJobId, isJobId, randomJobId } from "./job-id.ts";
import { JOB_LISTS, type JobLists } from "./job-lists.ts";
import type { JobObject } from "./job-object.ts";
import { acceptRequest, JobFields, makeJob, Ops, parseBody } from "./job-request.ts";
import { jobView } from "./job-view.ts";
import { requireToken } from "./require-token.ts";
import { receiveSource, type SourceDeps } from "./source-webhook.ts";
import { UploadEvent } from "./uploads.ts";

const MAX_BODY_BYTES = 16_384;

const NewJob = z.strictObject({ ...JobFields, ops: Ops });

export interface JobRoutesDeps extends SourceDeps {
  readonly lists: JobLists;
  readonly uploads: Queue;
}

/** The routes below /v1. */
export function createJobRoutes({ lists, uploads, ...deps }: JobRoutesDeps) {
  const { config, jobs } = deps;
  const app = new Hono<{ Variables: RequestIdVariables }>();
  const authorized = requireToken(config.tokens);
  const view = (job: Job) => jobView(job, config.signing);

  app.use("/jobs/*", authorized);
  app.use("/uploads", authorized);
  app.use(bodyLimit({ maxSize: MAX_BODY_BYTES, onError: refuseLongBody }));

  app.post("/jobs", async (c) => {
    const request = acceptRequest(parseBody(NewJob, await c.req.text()), c.req.url, deps);
    const id = await idFor(c.req.header("Idempotency-Key"));
    return await accepted(c, await makeJob(jobs, id, request, "Idempotency-Key"));
  });

  app.get("/jobs", async (c) => {
    const { state: asked = "", cursor } = c.req.query();
    const list = JOB_LISTS.find((name) => name === asked);
    if (list === undefined) throw new ServiceError("invalid_job", expected(JOB_LISTS.join(" or "), "state", asked));
    const page = await lists.read(list, cursor);
    return c.json({ jobs: page.ids, cursor: page.cursor }, 200, { "Cache-Control": "no-store" });
  });

  app.get("/jobs/:id", async (c) => {
    const job = await find(c.req.param("id"), (stub) => stub.read());
    return c.json(await view(job), 200, { "Cache-Control": "no-store" });
  });

  app.post("/jobs/:id/replay", async (c) => {
    const { job, isReplayed } = await find(c.req.param("id"), (stub) => stub.replay());
    if (isReplayed) return await accepted(c, job);
    const state = job.delivery === undefined ? job.state : `${job.state}, webhook ${job.delivery.state}`;
    throw new ServiceError(
      "nothing_to_replay",
      expected("a job that failed or whose webhook was given up", "replay", state),
    );
  });

  app.post("/uploads", async (c) => {
    await uploads.send(parseBody(UploadEvent, await c.req.text()));
    return c.body(null, 202);
  });

  app.post("/webhooks/source", async (c) => {
    const made = await receiveSource(c.req.raw, deps);
    return c.json({ jobs: await Promise.all(made.map(view)) }, 202, { "Cache-Control": "no-store" });
  });

  app.all("/jobs", allow("GET, HEAD, POST"));
  app.all("/jobs/:id", allow("GET, HEAD"));
  for (const path of ["/jobs/:id/replay", "/uploads", "/webhooks/source"]) app.all(path, allow("POST"));
  return app;

  async function find<T>(id: string, ask: (stub: DurableObjectStub<JobObject>) => Promise<T | undefined>): Promise<T> {
    const found = isJobId(id) ? await ask(jobs.getByName(id)) : undefined;
    if (found === undefined) throw new ServiceError("not_found", expected("the id of a job", "path", id));
    return found;
  }

  async function accepted(c: Context, job: Job): Promise<Response> {
    return c.json(await view(job), 202, { Location: `/v1/jobs/${job.id}`, "Cache-Control": "no-store" });
  }
}

/** The id that an Idempotency-Key stands for, or a random one. @see draft-ietf-httpapi-idempotency-key-header-07 */
async function idFor(idempotencyKey: string | undefined): Promise<string> {
  if (idempotencyKey === undefined) return randomJobId();
  if (!/^[\x21-\x7e]{1,255}$/.test(idempotencyKey)) {
    const what = "1 to 255 printable ASCII characters and no space";
    throw new ServiceError("invalid_job", expected(what, "Idempotency-Key", idempotencyKey));
  }
  return await derivedJobId("idempotency-key", idempotencyKey);
}

function refuseLongBody(): never {
  throw new ServiceError("body_too_large", `Expected at most ${MAX_BODY_BYTES} bytes for body`);
}

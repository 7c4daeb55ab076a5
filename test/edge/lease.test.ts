import { Response } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createInternet, slowBody } from "./internet.ts";
import { pattern } from "./pictures.ts";
import { startWorker, type TestWorker } from "./worker.ts";

// A slow source server stops the computing request at the point we want.

const HOST = "https://slow.example.com";
const NEVER = new Promise<never>(() => {});
const NOW = Promise.resolve();

const internet = createInternet();
let picture: Uint8Array;
let worker: TestWorker;

const start = (vars: Record<string, string>, rateLimits = {}) =>
  startWorker({
    vars: { ALLOWED_SOURCES: HOST, SOURCE_TIMEOUT_MS: "60000", LEASE_WAIT_MS: "50000", ...vars },
    internet: internet.answer,
    rateLimits,
  });

beforeAll(async () => {
  picture = new Uint8Array(await pattern().png().toBuffer());
  worker = await start({});
});
afterAll(() => worker.stop());

type Answer = Awaited<ReturnType<TestWorker["get"]>>;

/** Serves a picture whose version is known at once, and whose nth body is completed after `until(n)`. */
function serve(name: string, until: (nth: number) => Promise<unknown>, body = picture): string {
  const url = `${HOST}/${name}`;
  internet.serve(url, (_, nth) => new Response(slowBody(body, until(nth)), { headers: { ETag: '"v1"' } }));
  return url;
}

const asked = (url: string, times: number) =>
  expect.poll(() => internet.timesAsked(url), { timeout: 20_000 }).toBe(times);

/** Waits long enough for a request that has asked for its source to queue for its turn. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 500));

function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

const cacheStatus = ({ headers }: Answer) => headers.get("cache-status");
const COMPUTED = "ssiu-edge; fwd=uri-miss; stored";

describe("a result that many want", () => {
  it("is computed once, and the same for all, when a hundred ask at the same time", async () => {
    const { opened, open } = gate();
    const url = serve("wanted.png", () => opened);
    const answers = Array.from({ length: 100 }, () => worker.get(`/img/x2/${url}`));
    await asked(url, 100);
    await settled();
    open();
    const done = await Promise.all(answers);
    expect(done.map(({ status }) => status)).toEqual(new Array(100).fill(200));
    expect(done.filter(({ headers }) => headers.get("server-timing")?.includes("upscale"))).toHaveLength(1);
    expect(done.filter((answer) => cacheStatus(answer) === COMPUTED)).toHaveLength(1);
    expect(done.filter((answer) => cacheStatus(answer) === "ssiu-edge; fwd=uri-miss; collapsed")).toHaveLength(99);
    expect(new Set(done.map(({ body }) => Buffer.from(body).toString("base64"))).size).toBe(1);
    expect((await worker.storedKeys()).length).toBe(1);
  });

  it("is computed by the next when the one who computes hangs up", async () => {
    const url = serve("left.png", (nth) => (nth === 0 ? NEVER : NOW));
    const hangUp = await worker.ask(`/img/x2/${url}`);
    await asked(url, 1);
    await settled();
    const next = worker.get(`/img/x2/${url}`);
    await asked(url, 2);
    await settled();
    hangUp();
    const answer = await next;
    expect(answer.status).toBe(200);
    expect(cacheStatus(answer)).toBe(COMPUTED);
  });

  it("is not left to one who hung up while waiting", async () => {
    const url = serve("abandoned.png", (nth) => (nth < 2 ? NEVER : NOW));
    const first = await worker.ask(`/img/x2/${url}`);
    await asked(url, 1);
    await settled();
    const second = await worker.ask(`/img/x2/${url}`);
    await asked(url, 2);
    await settled();
    const third = worker.get(`/img/x2/${url}`);
    await asked(url, 3);
    second();
    await settled();
    first();
    expect(cacheStatus(await third)).toBe(COMPUTED);
  });

  it("is computed by the next when the source's server lets down the one who computes", async () => {
    const impatient = await start({ SOURCE_TIMEOUT_MS: "2000" });
    const url = serve("stuck.png", (nth) => (nth === 0 ? NEVER : NOW));
    const first = impatient.get(`/img/x2/${url}`);
    await asked(url, 1);
    await settled();
    const second = impatient.get(`/img/x2/${url}`);
    expect((await first).status).toBe(504);
    expect(cacheStatus(await second)).toBe(COMPUTED);
    await impatient.stop();
  });

  it("is refused to all at once when the picture is to blame", async () => {
    const one = await start({}, { MISS_LIMIT: 1 });
    const { opened, open } = gate();
    const url = serve("page.png", () => opened, new TextEncoder().encode("<!doctype html><title>No picture</title>"));
    const answers = Array.from({ length: 10 }, () => one.get(`/img/x2/${url}`));
    await asked(url, 10);
    await settled();
    open();
    // A second attempt would have got a 429.
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(new Array(10).fill(415));
    await one.stop();
  });

  it("is not waited for longer than LEASE_WAIT_MS", async () => {
    const hasty = await start({ LEASE_WAIT_MS: "600" });
    const url = serve("waited.png", () => NEVER);
    const hangUp = await hasty.ask(`/img/x2/${url}`);
    await asked(url, 1);
    await settled();
    const answer = await hasty.get(`/img/x2/${url}`);
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("1");
    expect(JSON.parse(new TextDecoder().decode(answer.body))).toMatchObject({ code: "overloaded" });
    hangUp();
    await hasty.stop();
  });

  it("is the next one's when it takes longer than LEASE_HOLD_MS", async () => {
    const strict = await start({ LEASE_HOLD_MS: "1500" });
    const url = serve("held.png", (nth) => (nth === 0 ? NEVER : NOW));
    const hangUp = await strict.ask(`/img/x2/${url}`);
    await asked(url, 1);
    expect(cacheStatus(await strict.get(`/img/x2/${url}`))).toBe(COMPUTED);
    hangUp();
    await strict.stop();
  });
});

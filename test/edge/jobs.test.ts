import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseWebhookKeys, webhookHeaders } from "../../src/core/webhook.ts";
import { type JobWorker, startJobWorker, TOKEN } from "./job-worker.ts";
import { pattern } from "./pictures.ts";
import { type Receiver, SECRET, startReceiver } from "./receiver.ts";

/** Generous, because other work may keep the machine busy. */
const SLOW = { timeout: 60_000 };

let worker: JobWorker;
let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver();
  worker = await startJobWorker();
  await worker.putSource("a b/ü.png", await pattern(24, 16).png().toBuffer());
  await worker.putSource("text.png", "not a picture");
  await worker.putSource(LONG, await pattern(24, 16).png().toBuffer());
});
afterAll(() => Promise.all([worker.stop(), receiver.close()]));

/** A key of 754 bytes, which take 2,254 characters in a URL. */
const LONG = `${"图".repeat(250)}.png`;
const GOOD = { source: "a b/ü.png", ops: "x2" };

/** The events about one job. */
function eventsOf(id: string) {
  return receiver.accepted.filter(({ event }) => event.data.job === id);
}

describe("a job", () => {
  it("is accepted, done, and its result then served from the store", async () => {
    const { status, headers, json } = await worker.call("POST", "/v1/jobs", { body: { ...GOOD, ops: "f=webp,x2" } });
    expect(status).toBe(202);
    expect(headers.get("location")).toBe(`/v1/jobs/${json.id}`);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(json).toMatchObject({ state: "queued", ops: "x2,format=webp", attempts: 0 });

    const { result, attempts } = await worker.until(json.id, "done");
    // The job changes, and its link may be signed.
    expect((await worker.call("GET", `/v1/jobs/${json.id}`)).headers.get("cache-control")).toBe("no-store");
    expect(result).toMatchObject({ url: "/img/x2,format=webp/a%20b/%C3%BC.png", computed: true });
    expect(attempts).toBe(1);
    expect(await worker.picture(result?.url ?? "")).toEqual({ status: 200, cache: "ssiu-edge; hit" });
  });

  it("may name a preset; where nothing else is allowed its result is served all the same", async () => {
    const vars = { PRESETS: '{"large": "x3,f=webp"}', PRESETS_ONLY: "true" };
    const locked = await startJobWorker({ vars });
    await locked.putSource("a.png", await pattern(24, 16).png().toBuffer());
    const id = await locked.post({ source: "a.png", ops: "preset=large" });
    const { ops, result } = await locked.until(id, "done");
    expect([ops, result?.url]).toEqual(["x3,format=webp", "/img/x3,format=webp/a.png"]);
    expect(await locked.picture(result?.url ?? "")).toEqual({ status: 200, cache: "ssiu-edge; hit" });

    const refused = await locked.call<{ code: string }>("POST", "/v1/jobs", { body: { source: "a.png", ops: "x2" } });
    expect([refused.status, refused.json.code]).toEqual([403, "transform_forbidden"]);
    const body = JSON.stringify({ type: "source.created", data: { source: "a.png", ops: ["x2"] } });
    const signed = webhookHeaders(parseWebhookKeys(SECRET, "KEYS"), { id: "msg_1", body }, Date.now());
    const notified = await locked.call<{ code: string }>("POST", "/v1/webhooks/source", { body, headers: signed });
    expect([notified.status, notified.json.code]).toEqual([403, "transform_forbidden"]);
    await locked.stop();
  });

  it("is computed once, however many ask for it", async () => {
    const ids = await Promise.all(
      ["x3,q=50,f=webp", "f=webp,x3,quality=50"].map((ops) => worker.post({ ...GOOD, ops })),
    );
    const jobs = await Promise.all(ids.map((id) => worker.until(id, "done")));
    expect(new Set(ids).size).toBe(2);
    expect(jobs.map(({ result }) => result?.computed).sort()).toEqual([false, true]);
    expect(jobs[0]?.result?.url).toBe(jobs[1]?.result?.url);
  });

  it("is the same job for the same Idempotency-Key, and told of once", async () => {
    const headers = { "Idempotency-Key": "order-4711".padEnd(255, "-") };
    const job = { ...GOOD, callback: receiver.url };
    const ids = await Promise.all(Array.from({ length: 5 }, () => worker.post(job, headers)));
    expect(new Set(ids).size).toBe(1);
    const [id = ""] = ids;
    await worker.until(id, "done");
    expect(await worker.post(job, headers)).toBe(id);
    await expect.poll(() => eventsOf(id).length, SLOW).toBe(1);

    const other = await worker.call<{ code: string }>("POST", "/v1/jobs", { body: { ...job, ops: "x3" }, headers });
    expect([other.status, other.json.code]).toEqual([422, "idempotency_conflict"]);
  });

  it.each([
    ["a source that is not there", "missing.png", "source_not_found"],
    ["what is no picture", "text.png", "unsupported_format"],
    ["a source whose result no URL could name", LONG, "url_too_long"],
  ])("fails at once for %s", async (_, source, code) => {
    const id = await worker.post({ source, ops: "x2", callback: receiver.url });
    const job = await worker.until(id, "failed");
    expect(job).toMatchObject({ attempts: 1, error: { code } });
    await expect.poll(() => eventsOf(id).length, SLOW).toBe(1);
    expect(eventsOf(id)[0]?.event).toMatchObject({ type: "image.failed", data: { job: id, source, error: { code } } });
  });

  it("is listed from its failure until it is replayed", async () => {
    const listed = async (state: string) => {
      const { headers, json } = await worker.call<{ jobs: string[] }>("GET", `/v1/jobs?state=${state}`);
      expect(headers.get("cache-control")).toBe("no-store");
      return json.jobs;
    };
    const id = await worker.post({ source: "late.png", ops: "x2" });
    await worker.until(id, "failed");
    expect(await listed("failed")).toContain(id);
    expect(await listed("dead")).not.toContain(id);

    await worker.putSource("late.png", await pattern(24, 16).png().toBuffer());
    expect((await worker.call("POST", `/v1/jobs/${id}/replay`)).status).toBe(202);
    await worker.until(id, "done");
    expect(await listed("failed")).not.toContain(id);
  });

  it("runs again when it is replayed and its result has been deleted", async () => {
    const id = await worker.post({ ...GOOD, ops: "x2,f=jpeg", callback: receiver.url });
    const { result } = await worker.until(id, "done");
    await expect.poll(() => eventsOf(id).length, SLOW).toBe(1);
    expect((await worker.call("POST", `/v1/jobs/${id}/replay`)).status).toBe(409);
    const key = (await worker.storedKeys()).find((name) => name.endsWith(`/${result?.etag.replaceAll('"', "")}`));
    await worker.takeResult(key ?? "");
    expect((await worker.call("POST", `/v1/jobs/${id}/replay`)).json).toMatchObject({ id, state: "queued" });
    expect((await worker.until(id, "done")).result).toEqual({ ...result, computed: true });
    expect(await worker.storedKeys()).toContain(key);
    await expect.poll(() => eventsOf(id).length, SLOW).toBe(2);
  });
});

describe("authorization", () => {
  it.each([
    ["no token", {}],
    ["another token", { Authorization: "Bearer some-other-token" }],
    ["the beginning of a token", { Authorization: `Bearer ${TOKEN.slice(0, -1)}` }],
    ["more than a token", { Authorization: `Bearer ${TOKEN}x` }],
    ["another scheme", { Authorization: `Basic ${TOKEN}` }],
  ])("refuses %s", async (_, headers) => {
    for (const [method, path] of [
      ["POST", "/v1/jobs"],
      ["GET", "/v1/jobs?state=dead"],
      ["GET", `/v1/jobs/${"0".repeat(32)}`],
      ["POST", `/v1/jobs/${"0".repeat(32)}/replay`],
      ["POST", "/v1/uploads"],
    ] as const) {
      const body = method === "POST" ? GOOD : undefined;
      const answer = await worker.call<{ code: string }>(method, path, {
        body,
        headers: { Authorization: "", ...headers },
      });
      expect([path, answer.status, answer.json.code]).toEqual([path, 401, "unauthorized"]);
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    }
  });

  it("lets nobody in where no token is set", async () => {
    const closed = await startJobWorker({ vars: { JOB_TOKENS: undefined } });
    for (const token of [TOKEN, "", "undefined"]) {
      const headers = { Authorization: `Bearer ${token}` };
      expect((await closed.call("POST", "/v1/jobs", { body: GOOD, headers })).status).toBe(401);
    }
    await closed.stop();
  });
});

describe("a request that makes no job", () => {
  const local = "http://127.0.0.1:9/";
  it.each<[string, unknown, number, string]>([
    ["no JSON", "{", 400, "invalid_json"],
    ["nothing", {}, 422, "invalid_job"],
    ["a list", [GOOD], 422, "invalid_job"],
    ["an unknown field", { ...GOOD, priority: 1 }, 422, "invalid_job"],
    ["a number for source", { ...GOOD, source: 1 }, 422, "invalid_job"],
    ["unknown ops", { ...GOOD, ops: "x9" }, 400, "invalid_transform"],
    ["ops that lead elsewhere", { ...GOOD, ops: "x2/a.png" }, 400, "invalid_path"],
    ["a source that leads elsewhere", { ...GOOD, source: "../a.png" }, 400, "invalid_path"],
    [
      "a source that is not among those allowed",
      { ...GOOD, source: "https://example.com/a.png" },
      403,
      "source_forbidden",
    ],
    ["half a character", { ...GOOD, source: "\ud800.png" }, 400, "invalid_path"],
    ["half a character in ops", { ...GOOD, ops: "x2\udc00" }, 400, "invalid_path"],
    ["ops whose picture depends on who asks", { ...GOOD, ops: "x2,f=auto" }, 422, "invalid_job"],
    ["ops whose answer is no picture", { ...GOOD, ops: "x2,f=json" }, 422, "invalid_job"],
    ["a callback that is no URL", { ...GOOD, callback: "example.com" }, 422, "invalid_job"],
    ["a callback without TLS", { ...GOOD, callback: "http://example.com/" }, 422, "invalid_job"],
    ["a callback into a private network", { ...GOOD, callback: "https://10.0.0.1/" }, 422, "invalid_job"],
    ["a callback to the metadata service", { ...GOOD, callback: "http://169.254.169.254/" }, 422, "invalid_job"],
    ["a callback with a password", { ...GOOD, callback: "https://a:b@example.com/" }, 422, "invalid_job"],
    ["a callback to ourselves", { ...GOOD, callback: "http://localhost/v1/jobs" }, 422, "invalid_job"],
    ["no JSON of 16,384 bytes", "{".padEnd(16_384), 400, "invalid_json"],
    ["a body of a byte more", "{".padEnd(16_385), 413, "body_too_large"],
  ])("%s", async (_, body, status, code) => {
    const answer = await worker.call<{ code: string }>("POST", "/v1/jobs", { body });
    expect([answer.status, answer.json.code]).toEqual([status, code]);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
  });

  it("a callback on this machine, unless that is allowed", async () => {
    const deployed = await startJobWorker({ vars: { ALLOW_LOCAL_CALLBACKS: "false" } });
    const { status } = await deployed.call("POST", "/v1/jobs", { body: { ...GOOD, callback: local } });
    expect(status).toBe(422);
    await deployed.stop();
  });

  it("what is no event of an upload", async () => {
    const { status, json } = await worker.call<{ code: string }>("POST", "/v1/uploads", {
      body: { action: "PutObject" },
    });
    expect([status, json.code]).toEqual([422, "invalid_job"]);
  });

  it.each([
    ["a space", "a b"],
    ["256 characters", "a".repeat(256)],
  ])("an Idempotency-Key with %s", async (_, key) => {
    const headers = { "Idempotency-Key": key };
    const { status, json } = await worker.call<{ detail: string }>("POST", "/v1/jobs", { body: GOOD, headers });
    expect([status, json.detail]).toEqual([422, expect.stringContaining("no space for Idempotency-Key")]);
  });

  it.each([
    ["GET", `/v1/jobs/${"0".repeat(32)}`, 404],
    ["GET", "/v1/jobs/..%2f..%2f", 404],
    ["POST", `/v1/jobs/${"0".repeat(32)}/replay`, 404],
    ["GET", "/v1/jobs?state=done", 422],
    ["GET", "/v1/nothing", 404],
  ])("%s %s -> %i", async (method, path, status) => {
    expect((await worker.call(method, path)).status).toBe(status);
  });

  it.each([
    ["DELETE", "/v1/jobs", "GET, HEAD, POST"],
    ["PUT", `/v1/jobs/${"0".repeat(32)}`, "GET, HEAD"],
    ["GET", "/v1/webhooks/source", "POST"],
  ])("%s %s is not allowed", async (method, path, allow) => {
    const { status, headers } = await worker.call(method, path);
    expect([status, headers.get("allow")]).toEqual([405, allow]);
  });
});

import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { freePort } from "../free-port.ts";
import { listen } from "../listen.ts";
import { type JobView, type JobWorker, startJobWorker } from "./job-worker.ts";
import { pattern } from "./pictures.ts";
import { SECRET, startReceiver } from "./receiver.ts";

const NEW_SECRET = `whsec_${Buffer.alloc(32, 3).toString("base64")}`;

/** For `vi.waitFor`, because `expect.poll` cannot tell concurrent tests apart; other work may keep the machine busy. */
const SLOW = { timeout: 60_000 };

let worker: JobWorker;

beforeAll(async () => {
  worker = await startJobWorker({ vars: { WEBHOOK_KEYS: `${NEW_SECRET},${SECRET}` } });
  await worker.putSource("a.png", await pattern(16, 16).png().toBuffer());
});
afterAll(() => worker.stop());

const job = { source: "a.png", ops: "x2" };

/** Waits until the job's webhook is in this final state. @returns the job */
async function untilTold(id: string, state: string): Promise<JobView> {
  await vi.waitFor(async () => expect((await worker.job(id)).webhook?.state).toBe(state), SLOW);
  return await worker.job(id);
}

describe.concurrent("a webhook", () => {
  it("comes with a signature of each key, and the result is there to be fetched", async () => {
    const receiver = await startReceiver();
    const id = await worker.post({ ...job, callback: receiver.url });
    await untilTold(id, "delivered");
    const [call] = receiver.accepted;
    expect(call?.signatures).toHaveLength(2);
    for (const secret of [SECRET, NEW_SECRET]) {
      const headers = {
        "webhook-id": call?.id ?? "",
        "webhook-timestamp": `${call?.timestamp}`,
        "webhook-signature": call?.signatures.join(" ") ?? "",
      };
      expect(new Webhook(secret).verify(call?.body ?? "", headers)).toEqual(call?.event);
    }
    const { result } = await worker.job(id);
    expect(call?.event).toEqual({
      type: "image.upscaled",
      timestamp: expect.any(String),
      data: { job: id, ...job, url: result?.url, etag: result?.etag },
    });
    expect(await worker.picture(`${call?.event.data.url}`)).toEqual({ status: 200, cache: "ssiu-edge; hit" });
    await receiver.close();
  });

  it("that fails three times is delivered once: the same id and body, a timestamp for each attempt", async () => {
    const receiver = await startReceiver([{ status: 500 }, { status: 404 }, { status: 503 }, { status: 200 }]);
    const id = await worker.post({ ...job, callback: receiver.url });
    expect((await untilTold(id, "delivered")).webhook).toMatchObject({ attempts: 4, status: 200 });
    expect(receiver.calls).toHaveLength(4);
    expect(receiver.accepted).toHaveLength(1);
    expect(new Set(receiver.calls.map((call) => call.id))).toEqual(new Set([await worker.eventId(id)]));
    expect(new Set(receiver.calls.map((call) => call.body)).size).toBe(1);
    for (const { timestamp, receivedMs } of receiver.calls) expect(receivedMs / 1000 - timestamp).toBeLessThan(2);
    expect(new Set(receiver.calls.map((call) => call.timestamp)).size).toBe(4);
    await receiver.close();
  });

  it("waits for a receiver that is down, and is delivered once", async () => {
    const port = await freePort();
    const id = await worker.post({ ...job, callback: `http://127.0.0.1:${port}/hook` });
    await vi.waitFor(async () => expect((await worker.job(id)).webhook?.attempts).toBeGreaterThan(1), SLOW);
    const back = await startReceiver([{ status: 204 }], port);
    await untilTold(id, "delivered");
    expect(back.calls.map((call) => call.id)).toEqual([await worker.eventId(id)]);
    await back.close();
  });

  it("is not sent again after 410", async () => {
    const receiver = await startReceiver([{ status: 410 }, { status: 204 }]);
    const id = await worker.post({ ...job, callback: receiver.url });
    expect((await untilTold(id, "disabled")).webhook).toMatchObject({ attempts: 1, status: 410 });
    await pause(2500);
    expect(receiver.calls).toHaveLength(1);
    await receiver.close();
  });

  it.each([301, 302, 307, 308])("does not follow a redirect: %i is a failure", async (status) => {
    const inside = await startReceiver();
    const receiver = await startReceiver([{ status, headers: { Location: inside.url } }, { status: 204 }]);
    const id = await worker.post({ ...job, callback: receiver.url });
    expect((await untilTold(id, "delivered")).webhook?.attempts).toBe(2);
    expect(receiver.calls).toHaveLength(2);
    expect([inside.calls, inside.forged]).toEqual([[], []]);
    await Promise.all([receiver.close(), inside.close()]);
  });

  it("does not come back before Retry-After", async () => {
    const receiver = await startReceiver([{ status: 503, headers: { "Retry-After": "4" } }, { status: 204 }]);
    const id = await worker.post({ ...job, callback: receiver.url });
    await untilTold(id, "delivered");
    const [first, second] = receiver.calls.map((call) => call.receivedMs);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(3900);
    await receiver.close();
  });

  it("gives a receiver 15 seconds", async () => {
    const receiver = await startReceiver([{ status: 204, delayMs: 25_000 }, { status: 204 }]);
    const id = await worker.post({ ...job, callback: receiver.url });
    await untilTold(id, "delivered");
    const [first, second] = receiver.calls.map((call) => call.receivedMs);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(15_000);
    expect((second ?? 0) - (first ?? 0)).toBeLessThan(24_000);
    await receiver.close();
  });

  it("does not hang on an answer without an end", async () => {
    const flood = createServer((_, response) => {
      response.writeHead(200);
      const more = setInterval(() => response.write("a".repeat(1000)), 10);
      response.on("close", () => clearInterval(more));
    });
    const id = await worker.post({ ...job, callback: `${await listen(flood)}/` });
    await untilTold(id, "delivered");
    flood.closeAllConnections();
    flood.close();
  });

  it("is not sent while the result cannot be fetched", async () => {
    await worker.putSource("taken.png", await pattern(20, 16).png().toBuffer());
    // The delay leaves time to remove the result.
    const receiver = await startReceiver([{ status: 503, headers: { "Retry-After": "10" } }, { status: 204 }]);
    const id = await worker.post({ source: "taken.png", ops: "x2", callback: receiver.url });
    await vi.waitFor(() => expect(receiver.calls.length).toBe(1), SLOW);
    const etag = (await worker.job(id)).result?.etag.replaceAll('"', "");
    const key = (await worker.storedKeys()).find((name) => name.endsWith(`/${etag}`));
    const putBack = await worker.takeResult(key ?? "");
    await vi.waitFor(async () => expect((await worker.job(id)).webhook?.attempts).toBeGreaterThan(2), SLOW);
    expect(receiver.calls).toHaveLength(1);
    await putBack();
    await untilTold(id, "delivered");
    expect(receiver.accepted).toHaveLength(1);
    await receiver.close();
  });

  it("is given up at the end of the schedule", async () => {
    const hasty = await startJobWorker({ vars: { WEBHOOK_SCHEDULE_SECONDS: "0,0,0" } });
    const receiver = await startReceiver([{ status: 500 }]);
    const id = await hasty.post({ source: "none.png", ops: "x2", callback: receiver.url });
    await vi.waitFor(async () => expect((await hasty.job(id)).webhook?.state).toBe("exhausted"), SLOW);
    expect(receiver.calls).toHaveLength(3);
    for (const list of ["failed", "undelivered"]) {
      const { json } = await hasty.call<{ jobs: string[] }>("GET", `/v1/jobs?state=${list}`);
      expect(json.jobs).toEqual([id]);
    }
    await Promise.all([hasty.stop(), receiver.close()]);
  });

  it("is sent again once it was given up, if that is asked for, and not when it was delivered", async () => {
    const receiver = await startReceiver([{ status: 410 }, { status: 500 }, { status: 204 }]);
    const replay = (id: string) =>
      worker.call<JobView & { code?: string; detail?: string }>("POST", `/v1/jobs/${id}/replay`);
    const id = await worker.post({ ...job, callback: receiver.url });
    await untilTold(id, "disabled");
    const { status, json } = await replay(id);
    expect([status, json.state, json.webhook?.state, json.webhook?.attempts]).toEqual([202, "done", "pending", 0]);
    expect((await untilTold(id, "delivered")).webhook).toMatchObject({ attempts: 2, status: 204 });
    expect(receiver.calls.map((call) => call.id)).toEqual(Array(3).fill(await worker.eventId(id)));
    expect(new Set(receiver.calls.map((call) => call.body)).size).toBe(1);

    const untold = await worker.post(job);
    await worker.until(untold, "done");
    for (const [settled, state] of [
      [id, "done, webhook delivered"],
      [untold, "done"],
    ] as const) {
      const refused = await replay(settled);
      expect([refused.status, refused.json.code]).toEqual([409, "nothing_to_replay"]);
      expect(refused.json.detail).toContain(`got "${state}"`);
    }
    await receiver.close();
  });

  it("names a link that can be fetched, as the job does, where links must be signed", async () => {
    const vars = { SIGNED_URLS: "all", URL_KEYS: "k2:fedcba9876543210,k1:0123456789abcdef" };
    const signing = await startJobWorker({ vars });
    await signing.putSource("a b.png", await pattern(16, 16).png().toBuffer());
    const receiver = await startReceiver();
    const id = await signing.post({ source: "a b.png", ops: "x2,f=webp", callback: receiver.url });
    await vi.waitFor(() => expect(receiver.accepted).toHaveLength(1), SLOW);
    const { url } = (await signing.job(id)).result ?? {};
    expect(receiver.accepted[0]?.event.data.url).toBe(url);
    expect(url).toMatch(/^\/img\/x2,format=webp\/a%20b\.png\?exp=\d+&kid=k2&sig=/);
    expect(await signing.picture(url ?? "")).toEqual({ status: 200, cache: "ssiu-edge; hit" });
    expect((await signing.picture("/img/x2,format=webp/a%20b.png")).status).toBe(403);
    await Promise.all([signing.stop(), receiver.close()]);
  });

  it("is not promised where there is no key to sign it with", async () => {
    const keyless = await startJobWorker({ vars: { WEBHOOK_KEYS: undefined } });
    const { status } = await keyless.call("POST", "/v1/jobs", { body: { ...job, callback: "https://example.com/" } });
    expect(status).toBe(422);
    await keyless.stop();
  });
});

describe("POST /v1/webhooks/source", () => {
  const secret = new Webhook(SECRET);
  const created = (data: object) => JSON.stringify({ type: "source.created", timestamp: new Date(), data });

  async function notify(
    id: string,
    body: string,
    { sentInMs = 0, sentAt = new Date(Date.now() + sentInMs), signature = secret.sign(id, sentAt, body) } = {},
  ) {
    const headers = {
      Authorization: "",
      "webhook-id": id,
      "webhook-timestamp": `${Math.floor(sentAt.getTime() / 1000)}`,
      "webhook-signature": signature,
    };
    const path = "/v1/webhooks/source";
    return await worker.call<{ jobs: JobView[]; code?: string }>("POST", path, { body, headers });
  }

  it("makes a job for each of the ops, once, however often it comes", async () => {
    const receiver = await startReceiver();
    const body = created({ source: "a.png", ops: ["x2", "x3,f=webp"], callback: receiver.url });
    const answers = await Promise.all([1, 2, 3, 4].map(() => notify("msg_source_1", body)));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
    expect(answers[0]?.headers.get("cache-control")).toBe("no-store");
    const ids = answers.map(({ json }) => json.jobs.map(({ id }) => id).join());
    expect(new Set(ids).size).toBe(1);
    expect(answers[0]?.json.jobs.map(({ ops }) => ops)).toEqual(["x2", "x3,format=webp"]);
    for (const { id } of answers[0]?.json.jobs ?? []) await untilTold(id, "delivered");

    expect((await notify("msg_source_1", body)).json.jobs.map(({ state }) => state)).toEqual(["done", "done"]);
    await pause(1500);
    expect(receiver.calls).toHaveLength(2);
    await receiver.close();
  });

  it("takes a message of another type, whatever it has to say, and makes no job of it", async () => {
    for (const data of [{ source: "a.png", ops: ["x2"] }, { id: 1 }]) {
      const { status, json } = await notify("msg_other", JSON.stringify({ type: "source.deleted", data }));
      expect([status, json]).toEqual([202, { jobs: [] }]);
    }
  });

  it("refuses another message of the same id: its sender would wait for ever", async () => {
    await notify("msg_shared", created({ source: "a.png", ops: ["x2"] }));
    const { status, json } = await notify("msg_shared", created({ source: "b.png", ops: ["x2"] }));
    expect([status, json.code]).toEqual([422, "idempotency_conflict"]);
  });

  it("makes other jobs for another message", async () => {
    const body = created({ source: "a.png", ops: ["x2"] });
    const [one, two] = [await notify("msg_a", body), await notify("msg_b", body)];
    expect(one.json.jobs[0]?.id).not.toBe(two.json.jobs[0]?.id);
  });

  it.each([
    ["no signature", { signature: "" }],
    ["the signature of another key", { signature: new Webhook(NEW_SECRET).sign("msg_x", new Date(), created({})) }],
    ["a signature six minutes old", { sentInMs: -360_000 }],
    ["a signature from in six minutes", { sentInMs: 360_000 }],
  ])("refuses %s", async (_, options) => {
    const { status, json } = await notify("msg_x", created({ source: "a.png", ops: ["x2"] }), options);
    expect([status, json.code]).toEqual([403, "signature_invalid"]);
  });

  it("refuses another body under the same signature", async () => {
    const sentAt = new Date();
    const signature = secret.sign("msg_y", sentAt, created({ source: "a.png", ops: ["x2"] }));
    expect((await notify("msg_y", created({ source: "b.png", ops: ["x2"] }), { sentAt, signature })).status).toBe(403);
  });

  it.each([
    ["no type", JSON.stringify({ data: { source: "a.png", ops: ["x2"] } }), 422],
    ["no ops", created({ source: "a.png", ops: [] }), 422],
    ["more ops than ten", created({ source: "a.png", ops: new Array(11).fill("x2") }), 422],
    ["an unknown field", created({ source: "a.png", ops: ["x2"], priority: 1 }), 422],
    ["a source that is not among those allowed", created({ source: "https://example.com/a.png", ops: ["x2"] }), 403],
    ["bad ops", created({ source: "a.png", ops: ["x2", "x9"] }), 400],
    [
      "a callback into a private network",
      created({ source: "a.png", ops: ["x2"], callback: "https://10.0.0.1/" }),
      422,
    ],
    ["a callback to ourselves", created({ source: "a.png", ops: ["x2"], callback: "http://localhost/" }), 422],
    ["no JSON", "source.created", 400],
  ])("refuses %s, though it is signed", async (name, body, status) => {
    expect((await notify(`msg_${name.replaceAll(" ", "_")}`, body)).status).toBe(status);
  });
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Response } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../free-port.ts";
import { ssiuWith } from "../unit/cli/ssiu.ts";
import { createInternet } from "./internet.ts";
import { type JobWorker, startJobWorker, TOKEN } from "./job-worker.ts";
import { pattern } from "./pictures.ts";
import { type Receiver, startReceiver } from "./receiver.ts";

/** Generous, because other work may keep the machine busy. */
const SLOW = { timeout: 60_000 };

/** The queue message of a job's run. */
const message = (job: string, run = 1) => ({ job, run });

/** Sorted ids of the jobs in the events that a receiver accepted. */
const jobsTold = (receiver: Receiver) => receiver.accepted.map(({ event }) => event.data.job as string).sort();

/** Runs the job once, then makes its result unreadable. @returns a function that removes that result */
async function spoil(worker: JobWorker, job: { source: string; ops: string }): Promise<() => Promise<void>> {
  const { result } = await worker.until(await worker.post(job), "done");
  const hash = result?.etag.replaceAll('"', "");
  return await worker.spoilResult((await worker.storedKeys()).find((key) => key.endsWith(`/${hash}`)) ?? "");
}

describe("a job that fails for a reason of ours", () => {
  it("is retried ever later until it is done, and told of once", async () => {
    const worker = await startJobWorker({ vars: { JOB_RETRY_SECONDS: "1" } });
    const receiver = await startReceiver();
    await worker.putSource("a.png", await pattern(16, 16).png().toBuffer());
    const repair = await spoil(worker, { source: "a.png", ops: "x2" });

    const begun: number[] = [];
    const id = await worker.post({ source: "a.png", ops: "x2", callback: receiver.url });
    while (begun.length < 3) {
      if ((await worker.job(id)).attempts > begun.length) begun.push(Date.now());
      await pause(50);
    }
    await expect.poll(async () => (await worker.job(id)).state, SLOW).toBe("queued");
    expect((await worker.job(id)).error?.code).toBe("internal");
    expect(receiver.calls).toHaveLength(0);
    await repair();
    expect(await worker.until(id, "done")).toMatchObject({ attempts: 4, result: { computed: true } });
    begun.push(Date.now());

    const gaps = begun.slice(1).map((at, i) => at - (begun[i] ?? 0));
    for (const [i, least] of [1000, 2000, 4000].entries()) expect(gaps[i]).toBeGreaterThan(least - 200);
    await expect.poll(() => jobsTold(receiver), SLOW).toEqual([id]);
    await Promise.all([worker.stop(), receiver.close()]);
  });

  it("is not done with what a server had before it failed", async () => {
    const internet = createInternet();
    const url = "https://images.example.com/a.png";
    const serve = async (side: number, etag: string) => {
      const bytes = new Uint8Array(await pattern(side, side).png().toBuffer());
      internet.serve(url, () => new Response(bytes, { headers: { ETag: etag } }));
    };
    const vars = { JOB_RETRY_SECONDS: "1", ALLOWED_SOURCES: "https://images.example.com" };
    const worker = await startJobWorker({ vars, internet: internet.answer });
    await serve(16, '"1"');
    const before = await worker.until(await worker.post({ source: url, ops: "x2" }), "done");
    internet.serve(url, () => new Response("down", { status: 503 }));
    const id = await worker.post({ source: url, ops: "x2" });
    await expect.poll(async () => (await worker.job(id)).error?.code, SLOW).toBe("source_failed");
    await serve(18, '"2"');
    const after = await worker.until(id, "done");
    expect(after.result?.etag).not.toBe(before.result?.etag);
    await worker.stop();
  });

  it("is dead when its retries are used up, is listed, and is done when it is replayed", async () => {
    const worker = await startJobWorker();
    const receiver = await startReceiver();
    await worker.putSource("a.png", await pattern(16, 16).png().toBuffer());
    const repair = await spoil(worker, { source: "a.png", ops: "x2" });

    const id = await worker.post({ source: "a.png", ops: "x2", callback: receiver.url });
    const dead = await worker.until(id, "dead");
    expect(dead).toMatchObject({ attempts: 6, error: { code: "internal" } });
    expect(JSON.stringify(dead)).not.toContain("Expected a result for");
    await expect.poll(() => receiver.accepted.map(({ event }) => event.type), SLOW).toEqual(["image.failed"]);
    const where = ["--server", worker.origin, "--token", TOKEN];
    expect(await ssiuWith({}, "jobs", "dead", ...where)).toEqual({ code: 0, stdout: `${id}\n`, stderr: "" });

    await repair();
    expect(await ssiuWith({}, "jobs", "replay", ...where)).toEqual({ code: 0, stdout: `${id} queued\n`, stderr: "" });
    expect(await worker.until(id, "done")).toMatchObject({ attempts: 1 });
    await expect
      .poll(() => receiver.accepted.map((call) => call.id), SLOW)
      .toEqual([await worker.eventId(id, 1), await worker.eventId(id, 2)]);
    expect(receiver.accepted[1]?.event.type).toBe("image.upscaled");
    expect((await ssiuWith({}, "jobs", "dead", ...where)).stdout).toBe("");

    expect(await ssiuWith({}, "jobs", "replay", id, ...where)).toEqual({
      code: 1,
      stdout: "",
      stderr: `error: /v1/jobs/${id}/replay: Expected a job that failed or whose webhook was given up for replay, got "done, webhook delivered"\n`,
    });
    expect(await ssiuWith({}, "jobs", "replay", "f".repeat(32), ...where)).toMatchObject({ code: 1, stdout: "" });
    await pause(2500);
    expect(receiver.calls).toHaveLength(2);
    await Promise.all([worker.stop(), receiver.close()]);
  });
});

describe("messages that come twice, too late and out of order", () => {
  let worker: JobWorker;

  beforeAll(async () => {
    worker = await startJobWorker();
    for (const name of ["a", "b", "c"]) {
      await worker.putSource(
        `${name}.png`,
        await pattern(8 + (name.charCodeAt(0) % 7), 8)
          .png()
          .toBuffer(),
      );
    }
  });
  afterAll(() => worker.stop());

  it("30 jobs, each message five times, a receiver that fails every third time: nothing lost, nothing twice", async () => {
    const receiver = await startReceiver([
      ...Array.from({ length: 40 }, (_, i) => ({ status: i % 3 === 0 ? 500 : 204 })),
      { status: 204 },
    ]);
    const jobs = Array.from({ length: 30 }, (_, i) => ({
      source: `${"abc"[i % 3]}.png`,
      ops: `x2,f=jpeg,q=${40 + Math.floor(i / 3)}`,
    }));
    const ids = await Promise.all(jobs.map((job) => worker.post({ ...job, callback: receiver.url })));
    const messages = ids.map((id) => message(id)).reverse();
    const strange = [{}, "text", message("f".repeat(32)), message(ids[0] ?? "", 0), message(ids[0] ?? "", 2)];
    await worker.send("JOB_QUEUE", ...messages, ...strange, ...messages);
    await worker.send("JOB_QUEUE", ...messages.toReversed(), ...messages);

    await expect.poll(() => jobsTold(receiver), SLOW).toEqual(ids.toSorted());
    await worker.send("JOB_QUEUE", ...messages);
    await pause(4000);
    expect(jobsTold(receiver)).toEqual(ids.toSorted());
    const done = await Promise.all(ids.map((id) => worker.job(id)));
    expect(new Set(done.map(({ state, webhook }) => `${state} ${webhook?.state}`))).toEqual(
      new Set(["done delivered"]),
    );
    expect(new Set(done.map(({ result }) => result?.etag)).size).toBe(30);
    expect(await worker.storedKeys()).toHaveLength(30);
    await receiver.close();
  });
});

describe("an upload", () => {
  it("makes a job for each of the ops of its prefix, once, whenever its event comes", async () => {
    const receiver = await startReceiver();
    const rules = [
      { prefix: "photos/", ops: ["x2", "x4"], callback: receiver.url },
      { prefix: "photos/large/", ops: ["x3"], callback: receiver.url },
    ];
    const worker = await startJobWorker({ vars: { UPLOAD_RULES: JSON.stringify(rules) } });
    const event = (action: string, key: string, eTag = "c846ff7a18f28c2e262116d6e8719ef0") => ({
      account: "3f4b7e3dcab231cbfdaa90a6a28bd548",
      action,
      bucket: "ssiu-sources",
      object: { key, size: 65_536, eTag },
      eventTime: "2026-11-24T19:36:44.379Z",
    });
    await worker.putSource("photos/a b.png", await pattern(16, 16).png().toBuffer());
    await worker.putSource("other/a.png", await pattern(16, 16).png().toBuffer());
    const twice = [event("PutObject", "photos/a b.png"), event("PutObject", "photos/a b.png")];
    const others = [
      event("DeleteObject", "photos/a b.png"),
      event("PutObject", "other/a.png"),
      event("PutObject", "photos//no-url-names-me.png"),
      { action: "PutObject" },
      "text",
    ];
    await worker.send("UPLOAD_QUEUE", ...others, ...twice);
    expect((await worker.call("POST", "/v1/uploads", { body: twice[0] })).status).toBe(202);

    const told = () => receiver.accepted.map(({ event: { data } }) => data.url).sort();
    const urls = ["/img/x2/photos/a%20b.png", "/img/x4/photos/a%20b.png"];
    await expect.poll(told, SLOW).toEqual(urls);
    await worker.send("UPLOAD_QUEUE", event("CopyObject", "photos/a b.png", "another-version"));
    await expect.poll(told, SLOW).toEqual([...urls, ...urls].sort());
    await worker.send("UPLOAD_QUEUE", ...twice);
    await pause(3000);
    expect(told()).toHaveLength(4);
    await worker.send("UPLOAD_QUEUE", {
      ...event("PutObject", "photos/a b.png"),
      eventTime: "2026-11-24T20:36:44.379Z",
    });
    await expect.poll(told, SLOW).toHaveLength(6);
    await Promise.all([worker.stop(), receiver.close()]);
  });

  it("is done as its rules say, also where others may have presets only", async () => {
    const rules = [{ prefix: "photos/", ops: ["x2", "preset=large"] }];
    const vars = { PRESETS: '{"large": "x4"}', PRESETS_ONLY: "true", UPLOAD_RULES: JSON.stringify(rules) };
    const worker = await startJobWorker({ vars });
    await worker.putSource("photos/a.png", await pattern(16, 16).png().toBuffer());
    const object = { key: "photos/a.png", eTag: "1" };
    await worker.send("UPLOAD_QUEUE", { action: "PutObject", bucket: "ssiu-sources", object });
    await expect.poll(() => worker.storedKeys().then(({ length }) => length), SLOW).toBe(2);
    expect(await worker.picture("/img/x4/photos/a.png")).toEqual({ status: 200, cache: "ssiu-edge; hit" });
    expect((await worker.picture("/img/x2/photos/a.png")).status).toBe(403);
    await worker.stop();
  });
});

describe("a Worker that is killed", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ssiu-jobs-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Names of the files that hold stored results. */
  async function blobs(persist: string): Promise<string[]> {
    return await readdir(join(persist, "r2", "ssiu-results", "blobs")).catch(() => []);
  }

  it.each([
    ["loses its queue too: each job finds its own way back", "3", false],
    ["gets its unacknowledged messages again", "600", true],
  ])("between put and acknowledgement, and %s", async (name, watchdog, isRedelivered) => {
    const persist = join(folder, `${name.length}`);
    const options = { persist, vars: { JOB_WATCHDOG_SECONDS: watchdog } };
    const receiver = await startReceiver();
    const worker = await startJobWorker(options);
    const sources = ["1.png", "2.png", "3.png", "4.png", "5.png"];
    for (const [i, source] of sources.entries()) {
      await worker.putSource(
        source,
        await pattern(120 + i, 120)
          .png()
          .toBuffer(),
      );
    }
    const ids = await Promise.all(sources.map((source) => worker.post({ source, ops: "x2", callback: receiver.url })));
    // A message is acknowledged when its handler ends, so none has been when the first result is there.
    while ((await blobs(persist)).length === 0) await pause(5);
    await worker.kill();
    expect((await blobs(persist)).length).toBeLessThan(4);

    const again = await startJobWorker(options);
    if (isRedelivered) await again.send("JOB_QUEUE", ...ids.map((id) => message(id)));
    for (const id of ids) await again.until(id, "done");
    await expect.poll(() => jobsTold(receiver), SLOW).toEqual(ids.toSorted());
    await pause(4000);
    expect(jobsTold(receiver)).toEqual(ids.toSorted());
    expect(receiver.forged).toEqual([]);
    expect(await again.storedKeys()).toHaveLength(5);
    await Promise.all([again.stop(), receiver.close()]);
  });

  it("while the receiver is down: both come back, and the receiver is told once", async () => {
    const options = { persist: join(folder, "receiver") };
    const port = await freePort();
    const worker = await startJobWorker(options);
    await worker.putSource("a.png", await pattern(16, 16).png().toBuffer());
    const id = await worker.post({ source: "a.png", ops: "x2", callback: `http://127.0.0.1:${port}/hook` });
    await expect.poll(async () => (await worker.job(id)).webhook?.attempts, SLOW).toBeGreaterThan(0);
    await worker.kill();

    const receiver = await startReceiver([{ status: 204 }], port);
    const again = await startJobWorker(options);
    await expect.poll(() => receiver.accepted.map((call) => call.id), SLOW).toEqual([await again.eventId(id)]);
    await pause(2500);
    expect(receiver.calls).toHaveLength(1);
    expect((await again.job(id)).webhook?.state).toBe("delivered");
    await Promise.all([again.stop(), receiver.close()]);
  });
});

import type { Server } from "node:http";
import { isIPv6 } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { serve } from "@hono/node-server";
import { expected } from "../core/errors.ts";
import { DEVELOPMENT_KEYS } from "../core/origin-request.ts";
import { PIPELINE_VERSION } from "../core/result-key.ts";
import { readManifest } from "../engine/node-engines.ts";
import { createOriginApp } from "./app.ts";
import { createBatcher } from "./batcher.ts";
import { type Config, parseConfig } from "./config.ts";
import { drainable } from "./drain.ts";
import { type EnginePool, openEngine } from "./engine-pool.ts";
import { createMetrics } from "./metrics.ts";
import { openPictures } from "./pictures.ts";
import type { Running } from "./upscaler.ts";

/** Longer than load balancers keep idle connections (Google 600 s, Cloudflare 900), so none is closed under a request. */
const KEEP_ALIVE_MS = 920_000;

const now = () => performance.now();

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});

/** `npm run origin`: alive at once, ready when the models are loaded, ended by a signal once nobody waits any more. */
async function main(): Promise<void> {
  const config = parseConfig(process.env);
  let running: Running | undefined;
  let opening: Promise<EnginePool> | undefined;
  const ending = new AbortController();
  const findModel = await readManifest();
  const metrics = createMetrics({ queueTiles: () => running?.batcher.tiles ?? 0 });
  const { fetch } = createOriginApp({
    ...config,
    findModel,
    metrics,
    running: () => running,
    isDraining: () => ending.signal.aborted,
    now,
    date: () => Date.now(),
  });
  const finish = drainable(await listen(fetch, config));
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    // The signal may come twice: npm passes on what was sent to the whole process group.
    process.on(signal, async () => {
      if (ending.signal.aborted) return;
      console.info(`${signal}: running requests are finished, no more are taken`);
      ending.abort();
      await sleep(config.drainMs);
      // Not for ever, because a client may have stopped reading.
      await Promise.race([finish(), sleep(config.limits.deadlineMs)]);
      // ONNX Runtime aborts the program if a thread is ended while it computes.
      await opening?.catch(() => {});
      while (isComputing(running, config)) await sleep(20);
      process.exit(0);
    });
  }
  if (config.isDevelopment) {
    console.info(`No ORIGIN_KEYS: for this machine alone, requests signed with ${DEVELOPMENT_KEYS} are taken`);
  }

  opening = openEngine({ ...config, signal: ending.signal }, (provider, cause) =>
    console.info(`${provider} does not work here: ${cause}`),
  );
  const engine = await opening.catch((cause: unknown) => {
    if (!ending.signal.aborted) throw cause;
  });
  if (engine === undefined) return;
  const { lanes, batchTiles, provider, tiling } = engine;
  const batcher = createBatcher({
    ...engine,
    queueTiles: config.queueTiles,
    tilePixels: tiling.size ** 2,
    now,
    onBatch({ tiles, pixels, ms }) {
      metrics.batches.observe(ms / 1000);
      metrics.tiles.inc(tiles);
      metrics.pixels.inc(pixels);
    },
  });
  const pictures = await openPictures({
    threads: config.pixelWorkers,
    tiling,
    // Enough to have the next batch at hand when one is done.
    concurrency: 2 * lanes * batchTiles,
    timeoutSeconds: Math.ceil(config.limits.deadlineMs / 1000),
    now,
  });
  running = { engine, batcher, pictures };
  metrics.info.set({ provider, pipeline: PIPELINE_VERSION }, 1);
  console.info(`Ready: ${provider}, ${lanes} x ${batchTiles} tiles at a time`);
}

/** Whether tiles are in the network, even if nobody waits for them; a batch that hangs does not count. */
function isComputing(running: Running | undefined, { limits }: Config): boolean {
  const ms = running?.batcher.oldestBatchMs ?? 0;
  return ms > 0 && ms <= limits.deadlineMs;
}

async function listen(fetch: Parameters<typeof serve>[0]["fetch"], { host, port }: Config): Promise<Server> {
  return await new Promise((resolve, reject) => {
    // The cast is for @hono/node-server, which also makes servers of other protocols.
    const options = { keepAliveTimeout: KEEP_ALIVE_MS };
    const server = serve({ fetch, hostname: host, port, serverOptions: options }, (address) => {
      console.info(`ssiu-edge origin on http://${isIPv6(host) ? `[${host}]` : host}:${address.port}`);
      resolve(server);
    }) as Server;
    server.once("error", ({ message }) => {
      reject(new Error(expected(`a free address of this machine (${message})`, "HOST and PORT", `${host}:${port}`)));
    });
  });
}

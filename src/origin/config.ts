import { availableParallelism } from "node:os";
import * as z from "zod";
import { expected } from "../core/errors.ts";
import { type Keyring, parseKeyring } from "../core/keyring.ts";
import { DEVELOPMENT_KEYS } from "../core/origin-request.ts";
import type { PictureLimits } from "../service/render-plan.ts";
import { oneOf, parseSettings, wholeNumber } from "../service/settings.ts";

/** Execution providers of ONNX Runtime, our own engine (`simd`), or the best that works here (`auto`). */
const PROVIDERS = ["auto", "cpu", "simd", "webgpu", "cuda", "tensorrt"] as const;
export type Provider = Exclude<(typeof PROVIDERS)[number], "auto">;

const LOOPBACK = ["127.0.0.1", "::1", "localhost"];

/** The longest timeout that sharp accepts, and long enough for any wait. */
const HOUR_MS = 3_600_000;

/** More than any machine has cores. Thousands of threads would fill memory and load weights for minutes, unstoppably. */
const MOST_WORKERS = 1024;

const count = (least: number, fallback: number, most?: number) => wholeNumber(least, most).default(fallback);

/** The environment; docs/deploy.md says what each variable means. */
const Environment = z.object({
  HOST: z.string().default("127.0.0.1"),
  PORT: count(0, 8788, 65_535),
  ORIGIN_KEYS: z.string().optional(),
  PROVIDER: oneOf(PROVIDERS).default("auto"),
  WORKERS: count(1, availableParallelism(), MOST_WORKERS),
  PIXEL_WORKERS: count(1, 2),
  BATCH_TILES: count(1, 8),
  QUEUE_TILES: count(1, 512),
  DEADLINE_MS: count(1, 60_000, HOUR_MS),
  DRAIN_MS: count(0, 0, HOUR_MS),
  MAX_SOURCE_BYTES: count(1, 20_000_000),
  MAX_INPUT_PIXELS: count(1, 16_000_000),
  MAX_OUTPUT_PIXELS: count(1, 64_000_000),
  MAX_AVIF_PIXELS: count(1, 16_000_000),
  MAX_JPEG_SCANS: count(1, 100),
  // Node's own variable: the size of its thread pool.
  UV_THREADPOOL_SIZE: count(1, 4),
});

interface Limits extends PictureLimits {
  readonly sourceBytes: number;
  /** Longest that any request may take. */
  readonly deadlineMs: number;
}

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly keyring: Keyring;
  /** Whether the keys are {@link DEVELOPMENT_KEYS}. */
  readonly isDevelopment: boolean;
  readonly provider: Provider | "auto";
  /** Threads that run the network on a CPU. */
  readonly workers: number;
  /** Threads that decode, cut, assemble and encode pictures. */
  readonly pixelWorkers: number;
  /** Most tiles in one run of the network, on a GPU. */
  readonly batchTiles: number;
  /** Most tiles of all admitted requests together. */
  readonly queueTiles: number;
  /** How long connections are still accepted after we report that we are not ready. */
  readonly drainMs: number;
  readonly limits: Limits;
}

/** @throws {Error} that names what is wrong with the environment. */
export function parseConfig(environment: object): Config {
  const env = parseSettings(Environment, environment, "environment");
  const isDevelopment = env.ORIGIN_KEYS === undefined;
  if (isDevelopment && !LOOPBACK.includes(env.HOST)) {
    throw new Error(expected("ORIGIN_KEYS to be set, or a loopback address", "HOST", env.HOST));
  }
  if (env.PIXEL_WORKERS >= env.UV_THREADPOOL_SIZE) {
    const most = `fewer than UV_THREADPOOL_SIZE (${env.UV_THREADPOOL_SIZE})`;
    throw new Error(expected(most, "PIXEL_WORKERS", `${env.PIXEL_WORKERS}`));
  }
  return {
    host: env.HOST,
    port: env.PORT,
    keyring: parseKeyring(env.ORIGIN_KEYS ?? DEVELOPMENT_KEYS, "ORIGIN_KEYS"),
    isDevelopment,
    provider: env.PROVIDER,
    workers: env.WORKERS,
    pixelWorkers: env.PIXEL_WORKERS,
    batchTiles: env.BATCH_TILES,
    queueTiles: env.QUEUE_TILES,
    drainMs: env.DRAIN_MS,
    limits: {
      sourceBytes: env.MAX_SOURCE_BYTES,
      inputPixels: env.MAX_INPUT_PIXELS,
      outputPixels: env.MAX_OUTPUT_PIXELS,
      avifPixels: env.MAX_AVIF_PIXELS,
      jpegScans: env.MAX_JPEG_SCANS,
      deadlineMs: env.DEADLINE_MS,
    },
  };
}

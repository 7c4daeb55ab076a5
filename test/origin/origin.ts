import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { parseKeyring } from "../../src/core/keyring.ts";
import { contentDigest, originSigningText } from "../../src/core/origin-request.ts";
import { program } from "../program.ts";

/** Default `ORIGIN_KEYS` of the origins in tests and benchmarks. */
export const ORIGIN_KEYS = "test:a-secret-of-the-tests";

/** A running origin, as seen by its clients and its operator. */
export interface TestOrigin {
  readonly url: string;
  readonly process: ChildProcess;
  /** Everything that it has printed so far. */
  log(): string;
  get(path: string): Promise<Response>;
  /** The request that {@link upscale} would send. */
  sign(ops: string, bytes: Uint8Array, request?: OriginRequestOptions): Promise<SignedRequest>;
  upscale(ops: string, bytes: Uint8Array, request?: OriginRequestOptions): Promise<Response>;
  /** @param which - `VmRSS` for the present size, `VmHWM` for the peak. */
  residentBytes(which?: "VmRSS" | "VmHWM"): Promise<number>;
  /** Ends it with SIGTERM. @returns its exit code */
  stop(): Promise<number | null>;
}

interface SignedRequest {
  readonly url: string;
  readonly headers: Record<string, string>;
}

interface OriginRequestOptions {
  /** They replace or extend the headers that the edge sends. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent instead of the signed bytes. */
  readonly body?: Uint8Array;
  readonly keys?: string;
  /** Unix seconds. */
  readonly timestamp?: number;
  readonly signal?: AbortSignal;
}

/** Starts the program on a free port and waits until its models are loaded. */
export async function startOrigin(env: Readonly<Record<string, string>> = {}): Promise<TestOrigin> {
  const origin = await spawnOrigin(env);
  while (!(await origin.get("/readyz")).ok) await new Promise((resolve) => setTimeout(resolve, 50));
  return origin;
}

/** Starts the program and waits until it listens. @throws {Error} with its output if it ends instead */
export async function spawnOrigin(env: Readonly<Record<string, string>> = {}): Promise<TestOrigin> {
  const child = spawn(process.execPath, program("src/origin/main"), {
    env: { ...process.env, PORT: "0", PROVIDER: "simd", ORIGIN_KEYS, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  const url = await new Promise<string>((resolve, reject) => {
    const onData = (data: Buffer) => {
      printed += data.toString();
      const [at] = /http:\S+/.exec(printed) ?? [];
      if (at) resolve(at);
    };
    child.stdout.on("data", onData);
    child.stderr.on("data", onData);
    child.once("exit", () => reject(new Error(printed)));
  });
  const sign: TestOrigin["sign"] = async (ops, bytes, { headers, keys = ORIGIN_KEYS, timestamp = seconds() } = {}) => {
    const path = `/v1/upscale?${ops}`;
    return {
      url: `${url}${path}`,
      headers: { ...(await signedHeaders(path, bytes, { keys, timestamp })), ...headers },
    };
  };
  return {
    url,
    process: child,
    log: () => printed,
    get: (path) => fetch(`${url}${path}`),
    sign,
    async upscale(ops, bytes, { body = bytes, signal, ...options } = {}) {
      const { url: target, headers } = await sign(ops, bytes, options);
      return await fetch(target, { method: "POST", headers, body: new Uint8Array(body), ...(signal && { signal }) });
    },
    async residentBytes(which = "VmRSS") {
      const status = await readFile(`/proc/${child.pid}/status`, "utf8");
      return 1024 * Number(new RegExp(`${which}:\\s+(\\d+)`).exec(status)?.[1]);
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const exit = once(child, "exit");
      child.kill("SIGTERM");
      const [code] = await exit;
      return code;
    },
  };
}

const seconds = () => Math.floor(Date.now() / 1000);

/** The headers that the edge sends with a source. */
async function signedHeaders(
  pathAndQuery: string,
  bytes: Uint8Array,
  { keys, timestamp }: { readonly keys: string; readonly timestamp: number },
): Promise<Record<string, string>> {
  const keyring = parseKeyring(keys, "KEYS");
  const digest = await contentDigest(bytes);
  const signature = await keyring.sign(originSigningText({ pathAndQuery, digest, timestamp }));
  return {
    "Content-Type": "application/octet-stream",
    "Content-Digest": digest,
    "X-SSIU-Timestamp": `${timestamp}`,
    "X-SSIU-Key-Id": keyring.id,
    "X-SSIU-Signature": Buffer.from(signature).toString("base64url"),
  };
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import { ENGINES } from "../../src/cli/engines.ts";
import { createSharpCodecs } from "../../src/codecs/sharp.ts";
import { flatten } from "../../src/core/alpha.ts";
import { ServiceError } from "../../src/core/errors.ts";
import { MEDIA_TYPE } from "../../src/core/image.ts";
import { parseKeyring } from "../../src/core/keyring.ts";
import { contentDigest, ORIGIN_WINDOW_SECONDS, originSigningText } from "../../src/core/origin-request.ts";
import { probe } from "../../src/core/probe/probe.ts";
import { parseTransform } from "../../src/core/transform.ts";
import { parseManifest } from "../../src/engine/models.ts";
import { upscaleRgba } from "../../src/engine/upscale.ts";

/** Shared by the origin and the Workers under test. */
export const ORIGIN_KEYS = "test:0123456789abcdef0123456789abcdef";

/** An origin in a process of its own, which can be stopped and killed as such. */
export interface TestOrigin {
  readonly url: string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

const PROGRAM = fileURLToPath(import.meta.url);

/** Starts the smallest origin there can be: same wire, same weights, in float32, one picture after the other. */
export async function startOrigin(port: number): Promise<TestOrigin> {
  const process_ = spawn(process.execPath, ["--import", "tsx", PROGRAM], {
    env: { ...process.env, PORT: `${port}`, ORIGIN_KEYS },
    stdio: "inherit",
  });
  const exited = once(process_, "exit");
  const url = `http://127.0.0.1:${port}`;
  while (
    !(await fetch(`${url}/readyz`).then(
      (response) => response.ok,
      () => false,
    ))
  ) {
    if (process_.exitCode !== null) throw new Error(`The origin ended with ${process_.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    url,
    process: process_,
    async stop() {
      process_.kill("SIGKILL");
      await exited;
    },
  };
}

async function serve(port: number, keys: string): Promise<void> {
  const keyring = await parseKeyring(keys);
  const model = parseManifest(JSON.parse(await readFile("models/manifest.json", "utf8")));
  const codecs = createSharpCodecs();
  const { engine, tiling } = await ENGINES.ort();

  async function upscale(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const header = (name: string) => `${request.headers[name]}`;
    const [bytes, digest] = [await readBody(request), header("content-digest")];
    const timestamp = Number(header("x-ssiu-timestamp"));
    const text = originSigningText({ pathAndQuery: `${request.url}`, digest, timestamp });
    const signature = Uint8Array.from(Buffer.from(header("x-ssiu-signature"), "base64url"));
    const fresh = Math.abs(Date.now() / 1000 - timestamp) <= ORIGIN_WINDOW_SECONDS;
    const known = await keyring.verify(header("x-ssiu-key-id"), text, signature);
    if (!fresh || !known || digest !== (await contentDigest(bytes))) {
      throw new ServiceError("signature_invalid", "Expected a signature of the edge");
    }

    const transform = parseTransform(new URL(`http://origin${request.url}`).search.slice(1));
    const source = probe(bytes);
    if (
      transform.scale === 1 ||
      transform.scale === "auto" ||
      transform.format === "auto" ||
      transform.format === "json"
    ) {
      throw new ServiceError("invalid_transform", "Expected a scale and a format");
    }
    const format = transform.format ?? source.format;
    const picture = await codecs.decode(bytes, source);
    const upscaled = await upscaleRgba(engine, picture.image, transform.scale, { tiling });
    const image = format === "jpeg" ? flatten(upscaled, [255, 255, 255]) : upscaled;
    const body = await codecs.encode({ ...picture, image }, format, transform);
    response.writeHead(200, {
      "Content-Type": MEDIA_TYPE[format],
      "Content-Length": body.length,
      "Content-Digest": await contentDigest(body),
      "X-SSIU-Model": model(transform.scale)?.id,
      "X-SSIU-Engine": "origin",
      "X-SSIU-Provider": "cpu",
      "X-SSIU-Source-Size": `${source.width}x${source.height}`,
      "X-Request-Id": header("x-request-id"),
    });
    response.end(body);
  }

  createServer((request, response) => {
    if (request.method === "GET") response.writeHead(200).end();
    else upscale(request, response).catch((error) => answerProblem(error, response));
  }).listen(port, "127.0.0.1");
}

function answerProblem(error: unknown, response: ServerResponse): void {
  const known =
    error instanceof ServiceError ? error : new ServiceError("internal", "The request failed", { cause: error });
  const { status, code, message, detail } = known;
  response.writeHead(status, { "Content-Type": "application/problem+json" });
  response.end(JSON.stringify({ type: "about:blank", status, code, detail: message, ...detail }));
}

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}

if (process.argv[1] === PROGRAM) await serve(Number(process.env.PORT), `${process.env.ORIGIN_KEYS}`);

import { once } from "node:events";
import { createServer } from "node:http";
import type { Command } from "commander";
import * as z from "zod";
import { expected, ServiceError } from "../core/errors.ts";
import { parseWebhookKeys, verifyWebhook, type WebhookKeys } from "../core/webhook.ts";
import { parsedBy } from "../service/settings.ts";
import { expecting } from "./options.ts";

const Options = z.strictObject({
  key: parsedBy(parseWebhookKeys, "--key"),
  port: z
    .string()
    .regex(/^[1-9]\d{0,4}$/, { error: expecting("1 to 65535", "--port") })
    .refine((text) => Number(text) <= 65_535, { error: expecting("1 to 65535", "--port") })
    .transform(Number),
  fail: z
    .string()
    .regex(/^\d{1,5}$/, { error: expecting("a whole number of at most 5 digits", "--fail") })
    .transform(Number),
});

const Event = z.object({
  type: z.string(),
  data: z.object({ url: z.string().optional(), error: z.object({ code: z.string() }).optional() }),
});

/** Adds `ssiu webhooks listen`. */
export function addWebhooks(program: Command): void {
  program
    .command("webhooks")
    .description("receive what a Worker sends")
    .command("listen")
    .description("receive webhooks on this machine and print a line for each, until Ctrl-C")
    .requiredOption("--key <whsec>", "the key that signs them, whsec_…")
    .option("--port <number>", "port to listen on", "9000")
    .option("--fail <number>", "answer this many of them with 500 first", "0")
    .action((options) => listen(Options.parse(options)));
}

async function listen({ key: keys, port, fail }: z.infer<typeof Options>): Promise<void> {
  let received = 0;
  const server = createServer((request, response) => {
    const answer = async () => {
      const body = Buffer.concat(await request.toArray()).toString();
      const said = describe(keys, new Headers(request.headers as Record<string, string>), body);
      const status = said === undefined ? 401 : ++received > fail ? 204 : 500;
      response.writeHead(status).end();
      console.log(`${new Date().toISOString()} ${said ?? "not signed by this key"} -> ${status}`);
    };
    answer().catch(() => response.destroy());
  });
  try {
    await once(server.listen(port, "127.0.0.1"), "listening");
  } catch (cause) {
    throw new Error(expected("a port that is free", "--port", `${port}`), { cause });
  }
  console.log(`listening on http://localhost:${port}/`);
}

/** Undefined if the signature is not valid. */
function describe(keys: WebhookKeys, headers: Headers, body: string): string | undefined {
  try {
    const id = verifyWebhook(keys, headers, body);
    const { type, data } = Event.parse(JSON.parse(body));
    return `${id} ${type} ${data.url ?? data.error?.code}`;
  } catch (cause) {
    if (cause instanceof ServiceError) return undefined;
    throw cause;
  }
}

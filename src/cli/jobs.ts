import { type Command, Option } from "commander";
import * as z from "zod";
import { expected } from "../core/errors.ts";
import { parseJson } from "../core/json.ts";
import { expecting } from "./options.ts";
import { report } from "./reason.ts";

const Server = z.strictObject({
  server: z
    .url({ protocol: /^https?$/, error: expecting("an http(s) URL", "--server") })
    .transform((url) => url.replace(/\/+$/, "")),
  token: z
    .string({ error: expecting("a token", "--token or SSIU_TOKEN") })
    .regex(/^[\x21-\x7e]+$/, "Expected a token, printable and without spaces, for --token or SSIU_TOKEN"),
});
type Server = z.infer<typeof Server>;

const JobIds = z.object({ jobs: z.array(z.string()), cursor: z.string().optional() });
const JobState = z.looseObject({ id: z.string(), state: z.string() });
const Problem = z.object({ detail: z.string() });

const server = () =>
  new Option("--server <url>", "address of the Worker").env("SSIU_SERVER").default("http://localhost:8787");
const token = () => new Option("--token <token>", "one of the Worker's JOB_TOKENS").env("SSIU_TOKEN");

const LISTS = {
  dead: "list the jobs whose retries are used up",
  failed: "list the jobs that failed because of their source or ops",
  undelivered: "list the jobs whose webhook was never accepted",
} as const;
type List = keyof typeof LISTS;

/** Adds `ssiu jobs replay [IDS…]` and a command for each list. */
export function addJobs(program: Command): void {
  const jobs = program.command("jobs").description("list and replay the jobs of a Worker");
  for (const list of Object.keys(LISTS) as List[]) {
    jobs
      .command(list)
      .description(LISTS[list])
      .addOption(server())
      .addOption(token())
      .option("--json", "print each job in full, as a line of JSON")
      .action(async ({ json, ...options }) => {
        const where = Server.parse(options);
        const ids = await fetchIds(where, list);
        if (json) await eachJob(where, ids, { path: "", print: (job) => JSON.stringify(job) });
        else for (const id of ids) console.log(id);
      });
  }
  jobs
    .command("replay")
    .description("run dead and failed jobs again; resend webhooks that were given up")
    .argument("[IDS...]", "ids of jobs; by default all dead jobs")
    .addOption(server())
    .addOption(token())
    .action(async (ids: string[], options) => {
      const where = Server.parse(options);
      const named = ids.length > 0 ? ids : await fetchIds(where, "dead");
      await eachJob(where, named, { path: "/replay", method: "POST", print: ({ id, state }) => `${id} ${state}` });
    });
}

/** Asks for jobs one by one, below their own path, and prints each answer. If one fails, the others go on. */
async function eachJob(
  where: Server,
  ids: readonly string[],
  { path, method = "GET", print }: { path: string; method?: string; print: (job: z.infer<typeof JobState>) => string },
): Promise<void> {
  for (const id of ids) {
    await call(where, JobState, `/v1/jobs/${encodeURIComponent(id)}${path}`, { method }).then(
      (job) => console.log(print(job)),
      (error) => {
        process.exitCode = report(error);
      },
    );
  }
}

async function fetchIds(where: Server, state: List): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({ state, ...(cursor !== undefined && { cursor }) });
    const page = await call(where, JobIds, `/v1/jobs?${query}`);
    ids.push(...page.jobs);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return ids;
}

async function call<T>(where: Server, schema: z.ZodType<T>, path: string, init: RequestInit = {}): Promise<T> {
  const headers = { Authorization: `Bearer ${where.token}` };
  // Not `redirect: "error"`: Node 20 then forgets the signal if garbage is collected while a body is read.
  const signal = AbortSignal.timeout(30_000);
  const [response, text] = await fetch(`${where.server}${path}`, { ...init, headers, redirect: "manual", signal })
    .then(async (response) => [response, await response.text()] as const)
    .catch((cause) => {
      throw new Error(expected("a Worker that answers", "--server", where.server), { cause });
    });
  const body = parseJson(text);
  const status = `${response.status} ${response.statusText}`.trim();
  if (!response.ok) throw new Error(`${path}: ${Problem.safeParse(body).data?.detail ?? status}`);
  const answer = schema.safeParse(body);
  if (answer.success) return answer.data;
  const type = response.headers.get("Content-Type") ?? "no type";
  throw new Error(`${path}: ${expected("the answer of a Worker", "--server", `${status}, ${type}`)}`);
}

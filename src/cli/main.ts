import { Command } from "commander";
import project from "../../package.json" with { type: "json" };
import { report } from "./reason.ts";

/** Loaded where they are asked for: a link is signed half a second sooner without the codecs of the others. */
const COMMANDS = new Map<string | undefined, () => Promise<(program: Command) => void>>([
  ["upscale", async () => (await import("./upscale.ts")).addUpscale],
  ["eval", async () => (await import("./eval.ts")).addEval],
  ["sign", async () => (await import("./sign.ts")).addSign],
  ["jobs", async () => (await import("./jobs.ts")).addJobs],
  ["webhooks", async () => (await import("./webhooks.ts")).addWebhooks],
]);

const asked = COMMANDS.get(process.argv[2]);
const program = new Command("ssiu")
  .description("Image super-resolution by the SSIU network")
  .version(project.version)
  .exitOverride();
for (const load of asked ? [asked] : COMMANDS.values()) (await load())(program);

// Who reads no further, as `head` does, ends the program as SIGPIPE would.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    process.exit(error.code === "EPIPE" ? 141 : stream === process.stderr ? 1 : report(error));
  });
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

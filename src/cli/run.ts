import { Command } from "commander";
import project from "../../package.json" with { type: "json" };
import { report } from "./reason.ts";

/** Loaded on demand: without the codecs of the other commands, a link is signed half a second sooner. */
const COMMANDS = new Map<string | undefined, () => Promise<(program: Command) => void>>([
  ["upscale", async () => (await import("./upscale.ts")).addUpscale],
  ["eval", async () => (await import("./eval.ts")).addEval],
  ["sign", async () => (await import("./sign.ts")).addSign],
  ["jobs", async () => (await import("./jobs.ts")).addJobs],
  ["webhooks", async () => (await import("./webhooks.ts")).addWebhooks],
]);

/** Runs `ssiu …args`, and sets `process.exitCode`. */
export async function run(args: readonly string[]): Promise<void> {
  const asked = COMMANDS.get(args[0]);
  const program = new Command("ssiu")
    .description("Image super-resolution by the SSIU network")
    .version(project.version)
    .exitOverride();
  for (const load of asked ? [asked] : COMMANDS.values()) (await load())(program);
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    process.exitCode = report(error);
  }
}

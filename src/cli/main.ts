import { Command, CommanderError } from "commander";
import * as z from "zod";
import project from "../../package.json" with { type: "json" };
import { addEval } from "./eval.ts";
import { addJobs } from "./jobs.ts";
import { reasonOf } from "./reason.ts";
import { addSign } from "./sign.ts";
import { addUpscale } from "./upscale.ts";
import { addWebhooks } from "./webhooks.ts";

const program = new Command("ssiu")
  .description("Image super-resolution by the SSIU network")
  .version(project.version)
  .exitOverride();
addUpscale(program);
addEval(program);
addSign(program);
addJobs(program);
addWebhooks(program);

// Who reads no further, as `head` does, ends the program as SIGPIPE would.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 141 : report(error));
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Says in one line on stderr what went wrong. @returns 2 for wrong usage, 1 for any other failure. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const isUsage = error instanceof z.ZodError;
  const reason = isUsage ? (error.issues[0]?.message ?? "") : reasonOf(error);
  process.stderr.write(`error: ${reason.replaceAll(/\s+/g, " ")}\n`);
  return isUsage ? 2 : 1;
}

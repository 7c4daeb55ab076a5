import { Command } from "commander";
import project from "../../package.json" with { type: "json" };
import { addEval } from "./eval.ts";
import { addJobs } from "./jobs.ts";
import { report } from "./reason.ts";
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

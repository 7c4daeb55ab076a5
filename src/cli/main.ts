import { report } from "./reason.ts";
import { run } from "./run.ts";

// A reader that stops early, such as `head`, ends the program as SIGPIPE would.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    process.exit(error.code === "EPIPE" ? 141 : stream === process.stderr ? 1 : report(error));
  });
}

await run(process.argv.slice(2));

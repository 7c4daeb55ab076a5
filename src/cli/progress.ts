import { Presets, SingleBar } from "cli-progress";

/** How far a command has come. */
interface Progress {
  update(done: number, total: number): void;
  stop(): void;
}

/** A bar on stderr if that is a terminal, otherwise nothing. */
export function createProgress(unit: string): Progress {
  const format = `{bar} {percentage}% | {value}/{total} ${unit} | {eta_formatted} left`;
  // The cursor stays visible and lines wrap, so that Ctrl-C leaves the terminal as it was.
  const options = { format, stream: process.stderr, clearOnComplete: true, linewrap: true };
  const bar = new SingleBar(options, Presets.shades_classic);
  bar.start(1, 0);
  return {
    update(done, total) {
      bar.setTotal(total);
      bar.update(done);
    },
    stop: () => bar.stop(),
  };
}

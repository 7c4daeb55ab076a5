import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** What follows `node` where the program is run as `npm run -s ssiu --` does. */
export const PROGRAM = ["--import", import.meta.resolve("tsx"), `${ROOT}src/cli/main.ts`] as const;

/** Runs the program without a terminal. */
export async function ssiu(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return await ssiuWith({}, ...args);
}

/** {@link ssiu}, with these variables beside those there are. */
export async function ssiuWith(env: NodeJS.ProcessEnv, ...args: string[]) {
  return await new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const options = { cwd: ROOT, env: { ...process.env, ...env } };
    const child = execFile(process.execPath, [...PROGRAM, ...args], options, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { program } from "../../program.ts";

export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
export const PROGRAM = program("src/cli/main");

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

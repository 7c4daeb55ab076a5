import { execFile } from "node:child_process";
import { vi } from "vitest";
import { run } from "../../../src/cli/run.ts";
import { program } from "../../program.ts";

export const PROGRAM = program("src/cli/main");

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The program in this process, one run at a time: half a second of a CPU less than {@link ssiuWith}. For pictures of one tile, as
 * threads want what is built, and where nobody else prints.
 */
export async function ssiu(...args: string[]): Promise<Ended> {
  const printed = { stdout: "", stderr: "" };
  const prints = (name: keyof typeof printed, end: string) => (text: unknown) => {
    printed[name] += text + end;
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation(prints("stdout", "")),
    vi.spyOn(process.stderr, "write").mockImplementation(prints("stderr", "")),
    // Vitest's own, which writes elsewhere.
    vi.spyOn(console, "log").mockImplementation(prints("stdout", "\n")),
    vi.spyOn(console, "error").mockImplementation(prints("stderr", "\n")),
  ];
  try {
    await run(args);
    return { code: Number(process.exitCode ?? 0), ...printed };
  } finally {
    process.exitCode = undefined;
    for (const spy of spies) spy.mockRestore();
  }
}

/** The program as a process, without a terminal and with these variables beside those there are. */
export async function ssiuWith(env: NodeJS.ProcessEnv, ...args: string[]): Promise<Ended> {
  return await new Promise((resolve) => {
    const options = { env: { ...process.env, ...env } };
    const child = execFile(process.execPath, [...PROGRAM, ...args], options, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

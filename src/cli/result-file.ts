import { constants as buffers } from "node:buffer";
import { randomUUID } from "node:crypto";
import { fstatSync, rmSync, writeFileSync } from "node:fs";
import { access, chmod, constants, mkdir, readlink, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, isAbsolute } from "node:path";
import { pipeline } from "node:stream/promises";
import { expected, ServiceError } from "../core/errors.ts";
import type { Size } from "../core/image.ts";
import { PIPE } from "./options.ts";

/** Signals that end a program without its clean-up. */
const SIGNALS = ["SIGHUP", "SIGINT", "SIGTERM"] as const;

/**
 * Writes to a path or {@link PIPE}. A file appears whole or not at all. It replaces the file that `path` links to, and keeps
 * its mode.
 *
 * @throws {Error} if the file system does not allow it.
 */
export async function writeResult(path: string, bytes: Uint8Array): Promise<void> {
  if (path === PIPE) return await writeStdout(bytes);
  const target = await targetOf(path);
  // Not by join, which removes link/../ wherever the link leads.
  const unfinished = `${dirname(target)}/.${randomUUID()}`;
  const abandon = (signal: NodeJS.Signals) => {
    rmSync(unfinished, { force: true });
    process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.once(signal, abandon);
  try {
    // A file that only its owner may read stays so from the first byte on.
    const mode = await stat(target).then(
      ({ mode }) => mode & 0o7777,
      () => undefined,
    );
    await writeFile(unfinished, bytes, { mode: mode ?? 0o666 });
    // Some file systems have no modes to change; the mode is never wider than the old one.
    if (mode !== undefined) await chmod(unfinished, mode).catch(() => {});
    await rename(unfinished, target);
  } catch (cause) {
    await rm(unfinished, { force: true }).catch(() => {});
    throw unwritable(path, cause);
  } finally {
    for (const signal of SIGNALS) process.off(signal, abandon);
  }
}

/** Writes files synchronously, because Node's own stream takes a write cut short by a full disk for a complete one. */
async function writeStdout(bytes: Uint8Array): Promise<void> {
  const { fd } = process.stdout;
  if (!fstatSync(fd).isFile()) return await pipeline([bytes], process.stdout, { end: false });
  try {
    writeFileSync(fd, bytes);
  } catch (cause) {
    throw unwritable(PIPE, cause);
  }
}

/**
 * Checks before the work is done that a result of this size can be kept.
 *
 * @throws {Error} that says why it cannot.
 */
export async function checkWritable(path: string, result: Size): Promise<void> {
  // Each pixel takes four bytes, all in one array.
  const most = Math.floor(buffers.MAX_LENGTH / 4);
  if (result.width * result.height > most) {
    const message = `Expected a result of at most ${most} pixels for this Node.js, got ${result.width}x${result.height}`;
    throw new ServiceError("image_too_large", message);
  }
  if (path === PIPE) return;
  const target = await targetOf(path);
  const refuse = (cause: unknown) => {
    throw unwritable(path, cause);
  };
  await access(dirname(target), constants.W_OK).catch(refuse);
  const existing = await stat(target).catch(() => undefined);
  if (existing?.isDirectory() || target.endsWith("/")) throw unwritable(path, new Error("it is a folder"));
  // A device or a pipe would be replaced by a file.
  if (existing?.isFile() === false) throw unwritable(path, new Error("it is no regular file"));
  // Replacing a file needs no right to write to it, but whoever protected it did not mean to allow that.
  if (existing !== undefined) await access(target, constants.W_OK).catch(refuse);
}

/**
 * Where a link leads, even if there is no file yet.
 *
 * @throws {Error} for what can be no file: a loop of links, a name that is too long.
 */
async function targetOf(path: string): Promise<string> {
  return await realpath(path).catch(async (cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT") throw unwritable(path, cause);
    const link = await readlink(path).catch(() => undefined);
    if (link === undefined) return path;
    return await targetOf(isAbsolute(link) ? link : `${dirname(path)}/${link}`);
  });
}

/**
 * Makes a folder for results, with its parents, if it is not there yet.
 *
 * @throws {Error} if it cannot be made or written to.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdirs(path);
    await access(`${path}/`, constants.W_OK);
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

/** Not by Node's `recursive`, which never ends if a folder exists and one in it is still ENOENT, as in /proc. */
async function mkdirs(path: string): Promise<void> {
  const make = async () =>
    await mkdir(path).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== "EEXIST") throw cause;
    });
  await make().catch(async (cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT" || dirname(path) === path) throw cause;
    await mkdirs(dirname(path));
    await make();
  });
}

/** The error if a result cannot be kept. */
export function unwritable(path: string, cause: unknown): Error {
  return new Error(expected("a place that can be written to", "the result", path), { cause });
}

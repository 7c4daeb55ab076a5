import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import type { Picture } from "../codecs/codec.ts";
import { createNodeCodecs } from "../codecs/node.ts";
import { expected, ServiceError } from "../core/errors.ts";
import type { Format } from "../core/image.ts";
import { probe } from "../core/probe/probe.ts";
import type { Probe } from "../core/probe/probe-result.ts";
import type { Transform } from "../core/transform.ts";
import { readSource } from "../service/source-body.ts";
import { PIPE } from "./options.ts";

const { decode, encode } = createNodeCodecs();

export { encode };

const EXTENSIONS: Readonly<Record<string, Format>> = {
  ".png": "png",
  ".jpg": "jpeg",
  ".jpeg": "jpeg",
  ".webp": "webp",
  ".avif": "avif",
};

/** The format that a path's extension stands for. */
export function formatOf(path: string): Format | undefined {
  return EXTENSIONS[extname(path).toLowerCase()];
}

/** A picture of which only the header has been read. */
export interface PictureFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly header: Probe;
}

/**
 * Reads a still picture, whatever its name says it is, from a path or {@link PIPE}; with `anim: false` also the first frame
 * of an animation.
 *
 * @throws {ServiceError} `source_not_found`, or as {@link probe} does.
 */
export async function readPicture(from: string, { anim }: Pick<Transform, "anim"> = {}): Promise<PictureFile> {
  const path = from === PIPE ? "stdin" : from;
  const bytes = await (from === PIPE ? readStdin() : readFile(path)).catch((cause) => {
    throw new ServiceError("source_not_found", expected("a readable file", "the picture", path), { cause });
  });
  try {
    const header = probe(bytes);
    if (header.frames > 1 && anim !== false) {
      const message = `Expected a still picture, got ${header.frames} frames; upscale --no-anim, or anim=false in --ops, takes the first`;
      throw new ServiceError("unsupported_format", message);
    }
    return { path, bytes, header };
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** Reads at most as much as `readFile` takes, because a pipe without an end would fill the memory. */
async function readStdin(): Promise<Uint8Array> {
  return await readSource({ headers: new Headers(), body: process.stdin }, 2 ** 31 - 1);
}

/** @throws {ServiceError} as the codecs do. */
export async function decodePicture({ path, bytes, header }: PictureFile): Promise<Picture> {
  return await decode(bytes, header).catch((cause) => {
    throw unreadable(path, cause);
  });
}

function unreadable(path: string, cause: unknown): unknown {
  return cause instanceof ServiceError ? new ServiceError(cause.code, `${path} cannot be read`, { cause }) : cause;
}

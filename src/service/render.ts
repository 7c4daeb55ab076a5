import type { Codecs, Picture } from "../codecs/codec.ts";
import { flatten } from "../core/alpha.ts";
import { ServiceError } from "../core/errors.ts";
import type { Format } from "../core/image.ts";
import type { Probe } from "../core/probe/probe-result.ts";
import type { Tiling } from "../core/tiles.ts";
import type { Transform } from "../core/transform.ts";
import type { Engine } from "../engine/engine.ts";
import { upscaleRgba } from "../engine/upscale.ts";
import type { Stopwatch } from "./stopwatch.ts";

/** What turns pixels into pixels and bytes into pixels, and how much of it fits. */
export interface Renderer {
  readonly codecs: Codecs;
  readonly engine: Engine;
  readonly tiling: Tiling;
  /** Tiles that the engine takes at the same time; 1 by default. */
  readonly concurrency?: number | undefined;
}

/** How large a picture may be. */
export interface PictureLimits {
  /** Of the source, as stored. */
  readonly inputPixels: number;
  readonly outputPixels: number;
  /** Of a source or result in AVIF, whose codec takes several times the memory of the others. */
  readonly avifPixels: number;
  /** A JPEG of many scans is decoded once for each of them. */
  readonly jpegScans: number;
}

/** The source's bytes -> the result's bytes, right here. The header has been checked with {@link checkLimits}. */
export async function render(
  { codecs, engine, tiling, concurrency }: Renderer,
  source: { bytes: Uint8Array; probe: Probe; transform: Transform },
  stopwatch: Stopwatch,
): Promise<Uint8Array> {
  const { bytes, probe, transform } = source;
  const format = resultFormat(probe, transform);
  const decoded = onBackground(await stopwatch.time("decode", codecs.decode(bytes, probe)), format, transform);
  const image = await stopwatch.time(
    "upscale",
    upscaleRgba(engine, decoded.image, transform.scale, { tiling, concurrency }),
  );
  return await stopwatch.time("encode", codecs.encode({ ...decoded, image }, format, transform));
}

/** The format that was asked for, or else the source's own. */
export function resultFormat(probe: Probe, transform: Transform): Format {
  return transform.format ?? probe.format;
}

/**
 * Refuses, from the header alone, what would not fit into memory or what no codec here can read.
 *
 * @throws {ServiceError} `image_too_large`, `unsupported_format`
 */
export function checkLimits(probe: Probe, transform: Transform, limits: PictureLimits): void {
  const pixels = probe.width * probe.height;
  const most = (format: Format, limit: number) => (format === "avif" ? Math.min(limit, limits.avifPixels) : limit);
  const inputPixels = most(probe.format, limits.inputPixels);
  const outputPixels = most(resultFormat(probe, transform), limits.outputPixels);
  atMost(inputPixels, pixels, "pixels", `source (${probe.width}x${probe.height})`);
  atMost(outputPixels, pixels * transform.scale ** 2, "pixels", `result of x${transform.scale}`);
  atMost(limits.jpegScans, probe.scans, "scans", "progressive JPEG");
  if (probe.unsupported !== undefined) {
    throw new ServiceError("unsupported_format", `The source cannot be decoded here: ${probe.unsupported}`);
  }
  if (probe.frames > 1 && transform.anim !== false) {
    const detail = { limit: 1, actual: probe.frames, unit: "frames" };
    const message = `Expected a still picture for source, got ${probe.frames} frames; anim=false takes the first`;
    throw new ServiceError("unsupported_format", message, { detail });
  }
}

function atMost(limit: number, actual: number, unit: string, name: string): void {
  if (actual <= limit) return;
  const message = `Expected at most ${limit} ${unit} for ${name}, got ${actual}`;
  throw new ServiceError("image_too_large", message, { detail: { limit, actual, unit } });
}

/** Composites where the result has no transparency, or where a background was asked for; white by default. */
function onBackground(picture: Picture, format: Format, { background }: Transform): Picture {
  if (format !== "jpeg" && background === undefined) return picture;
  const rgb = Number.parseInt(background ?? "ffffff", 16);
  return { ...picture, image: flatten(picture.image, [rgb >> 16, (rgb >> 8) & 255, rgb & 255]) };
}

import { expected, ServiceError } from "./errors.ts";
import { expandPresets, NO_PRESETS, type Presets } from "./presets.ts";
import { parseTransform, type Transform } from "./transform.ts";

/** A parsed `/img/<ops>/<source>`. */
export interface ImagePath {
  readonly transform: Transform;
  /** Object key: decoded segments joined by "/". */
  readonly source: string;
}

/**
 * Parses the path of an image URL. Takes the pathname as the URL parser left it, undecoded, and decodes each
 * segment once: what a second decoding would change, or what leads out of the key space, is refused.
 *
 * @throws {ServiceError} `invalid_path`, `invalid_transform`, `transform_forbidden`
 */
export function parseImagePath(pathname: string, presets: Presets = NO_PRESETS): ImagePath {
  const [, , ops = "", ...segments] = pathname.split("/");
  const transform = parseTransform(expandPresets(decodeSegment(ops), presets));
  if (segments.length === 0) throw invalid("Expected /img/<ops>/<source> for path, got no source");
  return { transform, source: segments.map(decodeSegment).join("/") };
}

function decodeSegment(segment: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(segment);
  } catch (cause) {
    throw new ServiceError("invalid_path", expected("valid UTF-8", "path", segment), { cause });
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (decoded === "" || /^\.{1,2}$|[\\/\u0000-\u001f\u007f]|%[0-9a-f]{2}/i.test(decoded)) {
    throw invalid(expected("plain, once-encoded segments", "path", segment));
  }
  return decoded;
}

function invalid(message: string): ServiceError {
  return new ServiceError("invalid_path", message);
}

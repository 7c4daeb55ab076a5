import { expected, ServiceError } from "./errors.ts";
import { NO_PRESETS, type Presets, parseOps } from "./presets.ts";
import { isRemote, parseRemoteUrl } from "./remote-url.ts";
import { formatTransform, type Transform } from "./transform.ts";

/** A parsed `/img/<ops>/<source>`. */
export interface ImagePath {
  readonly transform: Transform;
  /** An object key, as decoded segments joined by "/", or a picture's URL as {@link parseRemoteUrl} spells it. */
  readonly source: string;
}

/**
 * Parses the path of an image URL. Takes the pathname as the URL parser left it, undecoded, and decodes each segment
 * once: segments that a second decoding would change, or that lead out of the key space, are refused. A source that is
 * a URL is written as it is, `https://host/photo.jpg`, or percent-encoded as a whole, as it must be if it has a query.
 *
 * @throws {ServiceError} `invalid_path`, `invalid_transform`, `transform_forbidden`, `source_forbidden`
 */
export function parseImagePath(pathname: string, presets: Presets = NO_PRESETS): ImagePath {
  // The router also matches `/%69mg/`, but the rules of a proxy or cache in front of us do not.
  const [, place, ops = "", ...segments] = pathname.split("/");
  if (place !== "img" || ops === "" || segments.join("") === "")
    throw invalid(expected("/img/<ops>/<source>", "path", pathname));
  const transform = parseOps(decodeSegment(ops, pathname), presets);
  return { transform, source: parseSource(segments, pathname) };
}

/** The one canonical spelling of a path; inverse of {@link parseImagePath}. Signatures are made from it. */
export function formatImagePath({ transform, source }: ImagePath): string {
  return joinImagePath(formatTransform(transform), source);
}

/** `/img/<ops>/<source>` with the ops as given. */
export function joinImagePath(ops: string, source: string): string {
  return `/img/${ops}/${formatSource(source)}`;
}

/** A source as it is written in a path. */
export function formatSource(source: string): string {
  return isRemote(source) ? encodeURIComponent(source) : source.split("/").map(encodeURIComponent).join("/");
}

function parseSource(segments: readonly string[], pathname: string): string {
  const raw = segments.join("/");
  if (/^https?:\//i.test(raw)) return parseRemoteUrl(raw);
  if (/^https?(:|%3a)/i.test(raw)) return parseRemoteUrl(decode(raw));
  return segments.map((segment) => decodeSegment(segment, pathname)).join("/");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new ServiceError("invalid_path", expected("percent-encoded UTF-8 (% as %25)", "path", text), { cause });
  }
}

function decodeSegment(segment: string, pathname: string): string {
  const decoded = decode(segment);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (decoded === "" || /^\.{1,2}$|[\\/\u0000-\u001f\u007f]|%[0-9a-f]{2}/i.test(decoded)) {
    throw invalid(expected("plain, once-encoded, non-empty segments", "path", pathname));
  }
  return decoded;
}

function invalid(message: string): ServiceError {
  return new ServiceError("invalid_path", message);
}

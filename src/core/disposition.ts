import type { Format } from "./image.ts";
import { isRemote } from "./remote-url.ts";

/** File name of a saved result: that of its source, with the extension of the result's format. */
export function resultName(name: string, format: Format): string {
  const [stem = ""] = name.split(/\.(?:png|jpe?g|webp|avif|gif)$/i);
  return `${stem === "" ? "picture" : stem}.${format === "jpeg" ? "jpg" : format}`;
}

/**
 * Value of Content-Disposition that shows a result, and saves it under {@link resultName}. Without it, a browser takes the last
 * segment of the URL: `photo.png` for a WebP, and a remote source as a whole if it is percent-encoded.
 *
 * @see RFC 6266 (appendix D for what may stand in quotes) and RFC 8187 (for all other names)
 */
export function disposition(source: string, format: Format): string {
  const name = resultName(lastSegment(source), format);
  // curl -OJ looks at nothing else.
  const ascii = name.replace(/[^ -~]|["%?\\]/gu, "_");
  if (ascii === name) return `inline; filename="${name}"`;
  const escaped = encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return `inline; filename="${ascii}"; filename*=UTF-8''${escaped}`;
}

function lastSegment(source: string): string {
  if (!isRemote(source)) return source.slice(source.lastIndexOf("/") + 1);
  const { pathname } = new URL(source);
  const segment = pathname.slice(pathname.lastIndexOf("/") + 1);
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

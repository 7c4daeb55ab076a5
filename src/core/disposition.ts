import type { Format } from "./image.ts";
import { isRemote } from "./remote-url.ts";

/** What a result is called when it is saved: as its source, with its own format's extension. */
export function resultName(name: string, format: Format): string {
  const [stem = ""] = name.split(/\.(?:png|jpe?g|webp|avif|gif)$/i);
  return `${stem === "" ? "picture" : stem}.${format === "jpeg" ? "jpg" : format}`;
}

/**
 * Value of Content-Disposition: a result is shown, and saved under {@link resultName}. A browser
 * would take the end of the URL, which is `photo.png` for a WebP and all of a remote source that is percent-encoded.
 *
 * @see RFC 6266, its appendix D for what may stand in quotes, and, for the rest, RFC 8187
 */
export function disposition(source: string, format: Format): string {
  const name = resultName(lastSegment(source), format);
  // All that curl -OJ looks at.
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

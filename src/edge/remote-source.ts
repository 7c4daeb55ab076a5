import { type AllowList, assertAllowed } from "../core/allow-list.ts";
import { sha256Hex } from "../core/digest.ts";
import { ServiceError } from "../core/errors.ts";
import { isRemote, parseRemoteUrl } from "../core/remote-url.ts";
import { checkSize, readSource } from "../service/source-body.ts";
import type { OpenSource, Source } from "./sources.ts";
import { USER_AGENT } from "./user-agent.ts";

/** Our Via entry in requests to other servers (RFC 9110 §7.6.3); an incoming request that has it has been here before. */
export const VIA = "1.1 ssiu-edge";

const MAX_REDIRECTS = 3;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

interface RemoteRules {
  readonly fetch: (url: URL, init: RequestInit) => Promise<Response>;
  /** Yields a body in pieces of some size, however small the server's chunks are. */
  readonly pieces: (body: ReadableStream<Uint8Array>) => AsyncIterable<Uint8Array>;
  readonly allowed: AllowList;
  /** Time for the answer to begin, redirects included, and again for its body. */
  readonly timeoutMs: number;
  /** Most bytes of a body that has to be read for its version because the server gives none. */
  readonly maxBytes: number;
}

/** Refuses what is not on the list before `open` looks anything up, because strangers can name any address. */
export function allowedOnly(allowed: AllowList, open: OpenSource): OpenSource {
  return async (id, reserve) => {
    if (isRemote(id)) assertAllowed(allowed, new URL(id));
    return await open(id, reserve);
  };
}

/** Pictures of other servers, by https and from the allow-list only. One GET finds the version and keeps the body for `read`. */
export function remoteSource({ fetch, pieces, allowed, timeoutMs, maxBytes }: RemoteRules): OpenSource {
  /** Follows redirects by hand, so that each address is checked against the allow-list before a request goes there. */
  async function follow(start: URL, signal: AbortSignal): Promise<{ response: Response; url: URL }> {
    assertAllowed(allowed, start);
    let url = start;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const headers = { Accept: "image/*", "Accept-Encoding": "identity", "User-Agent": USER_AGENT, Via: VIA };
      // A Worker on a zone reads through Cloudflare's cache, where a 404 lasts for minutes and a picture for hours.
      const response = await fetch(url, { cache: "no-cache", redirect: "manual", headers, signal });
      const location = REDIRECTS.has(response.status) ? response.headers.get("Location") : null;
      if (location === null) return { response, url };
      await response.body?.cancel();
      url = redirected(location, url, allowed);
    }
    throw new ServiceError("source_failed", `Expected at most ${MAX_REDIRECTS} redirects for source`);
  }

  return async (id, reserve) => {
    if (!isRemote(id)) return undefined;
    const abort = new AbortController();
    const timed = <T>(work: Work<T>) => within(timeoutMs, abort, work);
    const { response, url } = await timed(() => follow(new URL(id), abort.signal));
    await checkStatus(response);
    const sent = { headers: response.headers, body: response.body && pieces(response.body) };
    // A body can be read only once; further calls get the same bytes.
    let body: Promise<Uint8Array> | undefined;
    const read: Source["read"] = async (most) => {
      body ??= timed((untimed) => readSource(sent, most, (bytes) => untimed(reserve(bytes))));
      const bytes = await body;
      checkSize(bytes.length, most);
      return bytes;
    };
    const version = validator(response.headers) ?? `sha256 ${await sha256Hex(await read(maxBytes))}`;
    // A validator belongs to one resource (RFC 9110 §8.8.1), so after a redirect that resource's URL is part of the version.
    // Its query is not: it is often a signature that changes each time.
    const place = url.href === id ? "" : `${url.origin}${url.pathname} `;
    return { version: `${place}${version}`, publicUrl: id, read, close: () => abort.abort() };
  };
}

/** Work with a time limit; the clock stops while it waits, through `untimed`, for something other than the server. */
type Work<T> = (untimed: (wait: Promise<void>) => Promise<void>) => Promise<T>;

/** Any failure other than a ServiceError is the other server's fault; its text is not for the client. */
async function within<T>(timeoutMs: number, abort: AbortController, work: Work<T>): Promise<T> {
  let leftMs = timeoutMs;
  const start = () => setTimeout(() => abort.abort(), leftMs);
  let timer = start();
  let startedAt = Date.now();
  try {
    return await work(async (wait) => {
      clearTimeout(timer);
      leftMs -= Date.now() - startedAt;
      await wait;
      timer = start();
      startedAt = Date.now();
    });
  } catch (cause) {
    const isLate = abort.signal.aborted;
    // A body that was refused may still be arriving.
    abort.abort();
    if (cause instanceof ServiceError) throw cause;
    if (!isLate) throw new ServiceError("source_failed", "The source's server does not answer", { cause });
    throw new ServiceError("deadline_exceeded", `Expected the source within ${timeoutMs} ms`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

/** A redirect to a forbidden address counts as the server's failure, because it may be temporary, as in maintenance. */
function redirected(location: string, from: URL, allowed: AllowList): URL {
  try {
    const target = new URL(parseRemoteUrl(new URL(location, from).href));
    assertAllowed(allowed, target);
    return target;
  } catch (cause) {
    throw new ServiceError("source_failed", "The source's server points to an address that is not allowed", { cause });
  }
}

async function checkStatus({ status, body }: Response): Promise<void> {
  if (status === 200) return;
  await body?.cancel();
  if (status === 404 || status === 410) throw new ServiceError("source_not_found", "There is no such source");
  if (status === 401 || status === 403 || status === 451) {
    throw new ServiceError("source_forbidden", "The source's server refuses access to it");
  }
  throw new ServiceError("source_failed", `Expected 200 of the source's server, got ${status}`);
}

/** The server's own version of the bytes: its strong ETag, or else date and length; undefined if it gives neither. */
function validator(headers: Headers): string | undefined {
  const etag = headers.get("ETag");
  if (etag && /^"[^"]+"$/.test(etag)) return `etag ${etag}`;
  const [date, length] = [headers.get("Last-Modified"), headers.get("Content-Length")];
  return date === null || length === null ? undefined : `date ${date}, ${length} bytes`;
}

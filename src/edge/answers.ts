import { ServiceError } from "../core/errors.ts";
import { parseRange } from "../core/http.ts";
import { asServiceError, logError } from "../service/problem.ts";
import type { Stopwatch } from "../service/stopwatch.ts";
import { factsResponse, imageResponse } from "./image-response.ts";
import { fallback } from "./onerror.ts";
import type { Located, Pipeline } from "./pipeline.ts";
import type { ProduceOnce, Product } from "./produce.ts";
import type { Result, Results } from "./results.ts";

export interface AnswersDeps {
  readonly results: Results;
  readonly pipeline: Pipeline;
  readonly produceOnce: ProduceOnce;
}

/** One request for a result. */
interface Visit {
  readonly requestId: string;
  /** Key or URL of the picture. */
  readonly name: string;
  readonly stopwatch: Stopwatch;
  /** Headers of every answer about this result. */
  readonly headers: Headers;
  /** Cache-Control of a picture sent now. */
  readonly lifetime: () => string;
  /** The Range header, if only a part is requested. */
  readonly range: string | undefined;
  /** Called before any work for the client; counts once per request. Throws if the client is over its limit. */
  readonly admit: () => Promise<void>;
  readonly waitUntil: (promise: Promise<unknown>) => void;
}

/** The answers about one result: facts about it (`format=json`), its headers (HEAD), the result itself (GET). */
export function createAnswers({ results, pipeline, produceOnce }: AnswersDeps) {
  async function facts(located: Located, { headers, stopwatch, lifetime, admit }: Visit): Promise<Response> {
    await admit();
    const inspected = await pipeline.inspect(located, stopwatch);
    headers.set("Cache-Control", lifetime());
    return factsResponse(headers, inspected);
  }

  async function head(located: Located, visit: Visit): Promise<Response> {
    const { stopwatch, admit } = visit;
    try {
      const found = await stopwatch.time("results", results.head(located.key.path));
      if (found !== undefined) return respond("hit", found, visit);
      await admit();
      return respond("fwd=uri-miss", { facts: (await pipeline.inspect(located, stopwatch)).facts }, visit);
    } catch (cause) {
      // `onerror=interpolate` would have to compute the picture, which HEAD never does.
      if (located.transform.onerror !== "original") throw cause;
      return await instead(cause, located, visit);
    }
  }

  async function get(located: Located, visit: Visit): Promise<Response> {
    const read = () => visit.stopwatch.time("results", results.get(located.key.path, visit.range));
    try {
      const found = await read();
      if (found !== undefined) return respond("hit", found, visit);
      const product = await produceOnce(located, visit);
      if (product !== undefined) return await fresh(located, product, visit);
      const collapsed = await read();
      if (collapsed === undefined)
        throw new ServiceError("overloaded", "The result was deleted as soon as it was made");
      return respond("fwd=uri-miss; collapsed", collapsed, visit);
    } catch (cause) {
      return await instead(cause, located, visit);
    }
  }

  /** The answer that `onerror` selects for a failure. @throws the failure if there is none, or the fallback's own. */
  async function instead(cause: unknown, located: Located, visit: Visit): Promise<Response> {
    const { requestId } = visit;
    const answer = await fallback(asServiceError(cause), located, { pipeline, ...visit }).catch((failure) => {
      if (failure !== cause) logError(requestId, cause);
      throw failure;
    });
    if (answer === undefined) throw cause;
    logError(requestId, cause);
    return answer;
  }

  /**
   * Our engine makes the same bytes everywhere, but two origins may differ in the last bit, and a strong ETag names exact
   * bytes (RFC 9110 §8.8.1). An origin's result is therefore sent under the key's ETag only from the store, which may hold
   * another request's bytes. It then also does not stay in memory for as long as the client takes to read.
   */
  async function fresh({ key: { path, etag } }: Located, product: Product, visit: Visit): Promise<Response> {
    const { place, facts, bytes, stored } = product;
    const { requestId, headers, range, waitUntil } = visit;
    const failed = (cause: unknown) => logError(requestId, cause);
    const put = stored.catch(failed);
    waitUntil(put);
    if (place === "origin") {
      const isStored = (await put) === true;
      const kept = await results.get(path, range).catch(failed);
      if (kept) return respond("fwd=uri-miss; stored", kept, visit);
      if (!isStored) {
        headers.set("ETag", `W/${etag}`);
        // Never a part: these bytes may not be made again, so a client could not combine parts (RFC 9110 §13.1.5).
        return respond("fwd=uri-miss", { facts, bytes: bytes.length, body: bytes }, visit);
      }
    }
    const part = parseRange(range, bytes.length);
    const body = part === undefined ? bytes : bytes.subarray(part.offset, part.offset + part.length);
    return respond("fwd=uri-miss; stored", { facts, bytes: bytes.length, body, range: part }, visit);
  }

  return { facts, head, get };
}

function respond(cacheStatus: string, result: Result, { name, headers, stopwatch, lifetime }: Visit): Response {
  headers.set("Cache-Control", lifetime());
  headers.set("Cache-Status", `ssiu-edge; ${cacheStatus}`);
  headers.set("Server-Timing", stopwatch.header());
  return imageResponse(headers, name, result);
}

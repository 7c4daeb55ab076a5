import { sha256 } from "../core/digest.ts";
import { type ByteRange, parseRange } from "../core/http.ts";
import { FORMATS, type Format, mediaType } from "../core/image.ts";

/** The facts about a result besides its bytes. */
export interface ResultFacts {
  readonly format: Format;
  /** Name of the engine that made it. */
  readonly engine: string;
  /** Id of the model that made it. */
  readonly model: string;
  /** Stored size of the source, in pixels. */
  readonly sourceWidth: number;
  readonly sourceHeight: number;
}

/** The facts that are known before a result is made; without the model if the pixels decide on it. */
export type KnownFacts = Omit<ResultFacts, "model"> & { readonly model?: string | undefined };

/** A result, whole or in part, or only the facts about it. */
export interface Result {
  readonly facts: KnownFacts;
  /** Length of the whole result; absent if it has not been computed (HEAD). */
  readonly bytes?: number;
  /** Absent if only the facts were requested. */
  readonly body?: ReadableStream | Uint8Array;
  /** The part that `body` is; absent for the whole. */
  readonly range?: ByteRange | undefined;
}

/** The store of computed results. */
export interface Results {
  head(key: string): Promise<Result | undefined>;
  /**
   * @param range - the Range header, if only a part is requested.
   * @throws {ServiceError} `range_not_satisfiable`
   */
  get(key: string, range?: string): Promise<Result | undefined>;
  /** Stores a result but never replaces one, because a key names its bytes. False if there was one. */
  put(key: string, bytes: Uint8Array, facts: ResultFacts): Promise<boolean>;
}

export function bucketResults(bucket: R2Bucket): Results {
  return {
    async head(key) {
      const object = await bucket.head(key);
      return object === null ? undefined : describe(object);
    },
    async get(key, rangeHeader) {
      const size = rangeHeader === undefined ? undefined : (await bucket.head(key))?.size;
      const range = size === undefined ? undefined : parseRange(rangeHeader, size);
      const object = await bucket.get(key, range && { range });
      return object === null ? undefined : { ...describe(object), body: object.body, range };
    },
    async put(key, bytes, { format, sourceWidth, sourceHeight, ...made }) {
      const object: R2Object | null = await bucket.put(key, bytes, {
        onlyIf: { etagDoesNotMatch: "*" },
        sha256: await sha256(bytes),
        httpMetadata: { contentType: mediaType(format) },
        customMetadata: { ...made, sourceWidth: `${sourceWidth}`, sourceHeight: `${sourceHeight}` },
      });
      return object !== null;
    },
  };
}

function describe({ key, size, httpMetadata, customMetadata = {} }: R2Object): Result {
  const format = FORMATS.find((f) => mediaType(f) === httpMetadata?.contentType);
  const { engine, model, sourceWidth, sourceHeight } = customMetadata;
  if (format === undefined || engine === undefined || model === undefined)
    throw new TypeError(`Expected a result for ${key}`);
  return {
    bytes: size,
    facts: { format, engine, model, sourceWidth: Number(sourceWidth), sourceHeight: Number(sourceHeight) },
  };
}

import { sha256 } from "../core/digest.ts";
import { type ByteRange, parseRange } from "../core/http.ts";
import { FORMATS, type Format, mediaType } from "../core/image.ts";

/** What is known of a result beside its bytes. */
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

/** What is known before a result is made: the model only where the pixels do not decide. */
export type KnownFacts = Omit<ResultFacts, "model"> & { readonly model?: string | undefined };

/** A result, whole or in part, or only what is known of it. */
export interface Result {
  readonly facts: KnownFacts;
  /** Length of the whole; absent where it has not been computed (HEAD). */
  readonly bytes?: number;
  /** Absent where only the facts were asked for. */
  readonly body?: ReadableStream | Uint8Array;
  /** The part that `body` is; absent for the whole. */
  readonly range?: ByteRange | undefined;
}

/** Results that were computed before. */
export interface Results {
  head(key: string): Promise<Result | undefined>;
  /**
   * @param range - a Range header, if a part is wanted.
   * @throws {ServiceError} `range_not_satisfiable`
   */
  get(key: string, range?: string): Promise<Result | undefined>;
  /** Never replaces what is there: a key names its bytes. False if something was there. */
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

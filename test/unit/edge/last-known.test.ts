import { beforeEach, expect, it, vi } from "vitest";
import { parseAllowList } from "../../../src/core/allow-list.ts";
import { type ErrorCode, ServiceError } from "../../../src/core/errors.ts";
import { lastKnown, type Versions } from "../../../src/edge/last-known.ts";
import { allowedOnly, remoteSource } from "../../../src/edge/remote-source.ts";

// When the last known version is used; test/edge/remote-source.test.ts tests the rest in workerd.

const ID = "https://example.com/a.png";
const now = () => 1_000_000;

/** Opens a source whose server fails with `failure`. */
function failing(failure: Error, get: Versions["get"] = async () => "v1", forget = async () => {}) {
  return lastKnown(() => Promise.reject(failure), { get, put: async () => {}, forget }, now)(ID, async () => {});
}

beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  return () => vi.restoreAllMocks();
});

it.each<ErrorCode>(["source_failed", "deadline_exceeded"])(
  "a source is as it was, but not read, at %s",
  async (code) => {
    const failure = new ServiceError(code, "why");
    const source = await failing(failure);
    expect(source).toMatchObject({ version: "v1", publicUrl: ID, failure });
    await expect(source?.read(1)).rejects.toBe(failure);
  },
);

it.each([
  ["is not there any more", 1, new ServiceError("source_not_found", "why")],
  ["is not for us any more", 1, new ServiceError("source_forbidden", "why")],
  ["finds no room", 0, new ServiceError("overloaded", "why")],
  ["meets a mistake of ours", 0, new TypeError("why")],
])("a source that %s is not what it was", async (_, timesForgotten, failure) => {
  const forget = vi.fn(() => Promise.reject(new Error("store")));
  await expect(failing(failure, undefined, forget)).rejects.toBe(failure);
  expect(forget).toHaveBeenCalledTimes(timesForgotten);
});

it.each<[string, Versions["get"]]>([
  ["nothing is known", async () => undefined],
  ["what is known cannot be read", () => Promise.reject(new Error("store"))],
])("a source fails as its server does where %s", async (_, get) => {
  const failure = new ServiceError("source_failed", "why");
  await expect(failing(failure, get)).rejects.toBe(failure);
});

it("the version of a result that is stored is noted by when its server was asked for it", async () => {
  let nowMs = 1_000_000;
  const put = vi.fn(async () => {});
  const open = async () => {
    nowMs += 1000;
    return { version: "v1", read: async () => Uint8Array.of(0) };
  };
  const versions = { get: async () => undefined, put, forget: async () => {} };
  const source = await lastKnown(open, versions, () => nowMs)(ID, async () => {});
  nowMs += 1000;
  await source?.onStored?.();
  expect(put).toHaveBeenCalledExactlyOnceWith(ID, "v1", 1_000_000);
});

it.each(["https://elsewhere.example.com/a.png", "https://127.0.0.1/a.png"])(
  "what we refuse ourselves is neither asked for nor looked up: %s",
  async (id) => {
    const allowed = parseAllowList("https://example.com", "ALLOWED");
    const [fetch, get, put, forget] = [vi.fn(), vi.fn(), vi.fn(), vi.fn(async () => {})];
    const remote = remoteSource({ fetch, pieces: (body) => body, allowed, timeoutMs: 1000, maxBytes: 10 });
    const open = allowedOnly(allowed, lastKnown(remote, { get, put, forget }, now));
    await expect(open(id, async () => {})).rejects.toMatchObject({ code: "source_forbidden" });
    for (const called of [fetch, get, put, forget]) expect(called).not.toHaveBeenCalled();
  },
);

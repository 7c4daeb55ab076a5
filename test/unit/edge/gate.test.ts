import { beforeEach, describe, expect, it, vi } from "vitest";
import { createGate, GONE_MS } from "../../../src/edge/gate.ts";
import { createMemory } from "../../../src/edge/memory.ts";

const WAIT_MS = 60_000;
const overloaded = expect.objectContaining({ code: "overloaded", status: 503 });

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

const clock = {
  now: () => Date.now(),
  sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
  waitMs: WAIT_MS,
};

/** Whether it has happened after so long. */
async function happens(event: Promise<unknown>, withinMs = 100): Promise<boolean> {
  let happened = false;
  void event.then(() => {
    happened = true;
  });
  await vi.advanceTimersByTimeAsync(withinMs);
  return happened;
}

describe("a gate", () => {
  it("lets in as much as there is room for, and the next as soon as somebody leaves", async () => {
    const gate = createGate({ room: 10, ...clock });
    const [large] = await Promise.all([gate.enter(6), gate.enter(4)]);
    const next = gate.enter(5);
    expect(await happens(next)).toBe(false);
    large.leave();
    expect(await happens(next)).toBe(true);
  });

  it("refuses who has waited long enough", async () => {
    const gate = createGate({ room: 1, ...clock, waitMs: 1000 });
    await gate.enter(1);
    const refused = expect(gate.enter(1)).rejects.toEqual(overloaded);
    await vi.advanceTimersByTimeAsync(1100);
    await refused;
  });

  it("counts nobody who has not been heard of for long, and everybody else", async () => {
    const gate = createGate({ room: 2, ...clock });
    const [here] = await Promise.all([gate.enter(1), gate.enter(1)]);
    const both = gate.enter(2);
    const beat = setInterval(() => here.seen(), 1000);
    const next = gate.enter(1);
    expect(await happens(next, GONE_MS - 100)).toBe(false);
    expect(await happens(next, 200)).toBe(true);
    expect(await happens(both, 2 * GONE_MS)).toBe(false);
    clearInterval(beat);
    expect(await happens(both, GONE_MS)).toBe(true);
  });
});

it("lets the first go on where two inside both need more", async () => {
  const gate = createGate({ room: 10, ...clock });
  const [first, second] = await Promise.all([gate.enter(5), gate.enter(5)]);
  const grown = second.grow(3);
  expect(await happens(grown)).toBe(false);
  expect(await happens(first.grow(3))).toBe(true);
  first.leave();
  expect(await happens(grown)).toBe(true);
});

describe("memory", () => {
  const create = () => createMemory({ sourceBytes: 20, resultBytes: 40, ...clock });

  it("is held until it is released, however long that takes", async () => {
    const memory = create();
    const [first, second] = [memory.open(), memory.open()];
    await first.source(15);
    const waiting = second.source(15);
    expect(await happens(waiting, 3 * GONE_MS)).toBe(false);
    first.release();
    expect(await happens(waiting)).toBe(true);
  });

  it("has room for a source that is read again, and for its result", async () => {
    const memory = create();
    const holding = memory.open();
    await holding.source(5);
    await holding.source(15);
    await holding.source(15);
    expect(await happens(Promise.all([memory.open().source(5), holding.result(40)]))).toBe(true);
    expect(await happens(memory.open().source(1))).toBe(false);
  });

  it("keeps the results of others waiting, not their sources", async () => {
    const memory = create();
    const [first, second] = [memory.open(), memory.open()];
    await Promise.all([first.source(10), second.source(10), first.result(30)]);
    const waiting = second.result(30);
    expect(await happens(waiting)).toBe(false);
    first.release();
    expect(await happens(waiting)).toBe(true);
  });
});

import { beforeEach, describe, expect, it, vi } from "vitest";
import { createGate, type Gate, GONE_MS, type Guest } from "../../../src/edge/gate.ts";
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

/** Whether `event` happens within this time. */
async function happens(event: Promise<unknown>, withinMs = 100): Promise<boolean> {
  let happened = false;
  void event.then(() => {
    happened = true;
  });
  await vi.advanceTimersByTimeAsync(withinMs);
  return happened;
}

/** A guest that holds `size`. */
async function visitor(gate: Gate, size: number): Promise<Guest> {
  const guest = gate.open();
  await guest.hold(size);
  return guest;
}

describe("a gate", () => {
  it("lets in as much as there is room for, and the next as soon as somebody leaves", async () => {
    const gate = createGate({ room: 10, ...clock });
    const [large] = await Promise.all([visitor(gate, 6), visitor(gate, 4)]);
    const next = visitor(gate, 5);
    expect(await happens(next)).toBe(false);
    large.leave();
    expect(await happens(next)).toBe(true);
  });

  it("lets in nobody before who came first, unless that one has left", async () => {
    const gate = createGate({ room: 10, ...clock });
    const inside = await visitor(gate, 5);
    const large = gate.open();
    const waiting = large.hold(10);
    const small = visitor(gate, 1);
    expect(await happens(small, 10_000)).toBe(false);
    large.leave();
    expect(await happens(small)).toBe(true);
    inside.leave();
    await waiting;
    expect(await happens(visitor(gate, 9))).toBe(true);
  });

  it("refuses who has waited long enough, whom nobody waits for", async () => {
    const gate = createGate({ room: 1, ...clock, waitMs: 1000 });
    const inside = await visitor(gate, 1);
    const late = gate.open();
    const refused = expect(late.hold(1)).rejects.toEqual(overloaded);
    await vi.advanceTimersByTimeAsync(1100);
    await refused;
    late.leave();
    inside.leave();
    expect(await happens(visitor(gate, 1))).toBe(true);
  });

  it("counts nobody who has not been heard of for long, and everybody else", async () => {
    const gate = createGate({ room: 2, ...clock });
    vi.spyOn(globalThis, "setInterval").mockReturnValueOnce(setTimeout(() => {}));
    const [, here] = await Promise.all([visitor(gate, 1), visitor(gate, 1)]);
    const next = visitor(gate, 1);
    const last = visitor(gate, 1);
    expect(await happens(next, GONE_MS - 100)).toBe(false);
    expect(await happens(next, 200)).toBe(true);
    expect(await happens(last, 2 * GONE_MS)).toBe(false);
    here?.leave();
    expect(await happens(last)).toBe(true);
  });

  it("lets in the next a second after a client has left, and nobody because of a codec that runs for long", async () => {
    const gate = createGate({ room: 1, ...clock, waitMs: 1e9 });
    const codec = () => vi.setSystemTime(Date.now() + 20_000);
    const here = await visitor(gate, 1);
    codec();
    const next = visitor(gate, 1);
    for (let i = 0; i < 10; i++) {
      expect(await happens(next, 300)).toBe(false);
      codec();
    }
    vi.spyOn(globalThis, "setInterval").mockReturnValueOnce(setTimeout(() => {}));
    here.leave();
    expect(await happens(next)).toBe(true);
    expect(await happens(visitor(gate, 1), 1100)).toBe(true);
  });

  it("lets in the next a second after a client has left, though the clock was set back", async () => {
    const gate = createGate({ room: 1, ...clock, waitMs: 1e9 });
    vi.spyOn(globalThis, "setInterval").mockReturnValueOnce(setTimeout(() => {}));
    await visitor(gate, 1);
    vi.setSystemTime(Date.now() - 3_600_000);
    const next = visitor(gate, 1);
    expect(await happens(next, GONE_MS - 100)).toBe(false);
    expect(await happens(next, 200)).toBe(true);
  });

  it("lets in the next where who came first is not heard of any more", async () => {
    const sleep = vi.fn(clock.sleep).mockReturnValueOnce(new Promise(() => {}));
    const gate = createGate({ room: 1, ...clock, sleep });
    const inside = await visitor(gate, 1);
    void gate.open().hold(1);
    const next = visitor(gate, 1);
    inside.leave();
    expect(await happens(next, 900)).toBe(false);
    expect(await happens(next, 200)).toBe(true);
  });

  it("keeps what is held where less is asked for later", async () => {
    const gate = createGate({ room: 10, ...clock });
    const place = await visitor(gate, 8);
    await place.hold(3);
    expect(await happens(visitor(gate, 5))).toBe(false);
  });

  it("lets the first go on where two inside both need more", async () => {
    const gate = createGate({ room: 10, ...clock });
    const [first, second] = await Promise.all([visitor(gate, 5), visitor(gate, 5)]);
    const grown = second.hold(8);
    expect(await happens(grown)).toBe(false);
    expect(await happens(first.hold(8))).toBe(true);
    first.leave();
    expect(await happens(grown)).toBe(true);
  });

  it("counts what is held once where more is needed, and lets others in until there is so much", async () => {
    const gate = createGate({ room: 10, ...clock });
    const [, second] = await Promise.all([visitor(gate, 2), visitor(gate, 3)]);
    expect(await happens(second.hold(7))).toBe(true);
    expect(await happens(second.hold(9))).toBe(false);
    expect(await happens(visitor(gate, 1))).toBe(true);
  });
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

  it("is free again for good where more was held than at first", async () => {
    const memory = create();
    const holding = memory.open();
    await holding.source(5);
    await holding.source(15);
    holding.release();
    await vi.advanceTimersByTimeAsync(2000);
    expect(await happens(memory.open().source(20))).toBe(true);
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

  it("keeps no small source waiting for large ones, as long as it is small and there are not many", async () => {
    const memory = createMemory({ sourceBytes: 8000, resultBytes: 40, ...clock });
    const large = [memory.open(), memory.open()].map(({ source }) => source(8000));
    expect(await happens(Promise.all(large))).toBe(false);
    const [grown, unknown] = [memory.open(), memory.open()];
    expect(await happens(grown.source(100))).toBe(true);
    expect(await happens(grown.source(101))).toBe(false);
    // A source of unknown length does not count as small.
    expect(await happens(unknown.source(0))).toBe(true);
    expect(await happens(unknown.source(50))).toBe(false);
    const others = Array.from({ length: 16 }, () => memory.open());
    expect(await happens(Promise.all(others.map(({ source }) => source(100))))).toBe(true);
    const next = memory.open().source(100);
    expect(await happens(next)).toBe(false);
    others[0]?.release();
    expect(await happens(next)).toBe(true);
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

import { beforeEach, expect, it, vi } from "vitest";

// Calls that come too late; test/edge/lease.test.ts tests the rest in workerd.

vi.mock("cloudflare:workers", () => ({ DurableObject: class {}, RpcTarget: class {} }));
const { Lease } = await import("../../../src/edge/lease.ts");

const PATIENCE = { waitMs: 1000, holdMs: 5000 };

/** Starts one object. @returns a function that enters and expects to get the turn */
function start() {
  const lease: InstanceType<typeof Lease> = Reflect.construct(Lease, []);
  return async () => {
    const entry = await lease.enter(PATIENCE);
    if (entry.state !== "lead") throw new TypeError(`Expected a turn, got ${entry.state}`);
    return entry.turn;
  };
}

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

it.each([
  ["an end", (turn: { end: (outcome: { state: "done" }) => void }) => turn.end({ state: "done" })],
  ["the leaving", (turn: Disposable) => turn[Symbol.dispose]()],
])("%s of who has lost the turn is not that of who has it now", async (_, finish) => {
  const enter = start();
  const lost = await enter();
  vi.advanceTimersByTime(PATIENCE.holdMs);
  const turn = await enter();
  const answered = vi.fn();
  const next = enter().then(answered);
  finish(lost);
  await vi.advanceTimersByTimeAsync(0);
  expect(answered).not.toHaveBeenCalled();
  turn.end();
  await next;
  expect(answered).toHaveBeenCalledOnce();
});

it("gives no turn to who was sent away", async () => {
  const enter = start();
  const turn = await enter();
  const late = expect(enter()).rejects.toThrow("late");
  await vi.advanceTimersByTimeAsync(PATIENCE.waitMs);
  await late;
  turn.end();
  const here = vi.fn();
  void enter().then(here);
  await vi.advanceTimersByTimeAsync(0);
  expect(here).toHaveBeenCalledOnce();
});

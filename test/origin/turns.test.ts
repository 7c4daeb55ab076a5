import { expect, it } from "vitest";
import { createTurns } from "../../src/origin/turns.ts";

/** One turn at a time, each of which advances the clock by `turnMs`; it does not move otherwise. */
function setUp({ maxWaiting = 1000 } = {}) {
  const clock = { ms: 0 };
  const inTurn = createTurns({ atATime: 1, maxWaiting, now: () => clock.ms });
  const done: string[] = [];
  const ask = (name: string, { turnMs = 1000, withinMs = 1e9, signal = new AbortController().signal } = {}) =>
    inTurn({ dueMs: clock.ms + withinMs, signal }, async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      clock.ms += turnMs;
      done.push(name);
    });
  return { ask, done };
}

it("takes each in its turn, and no more than may wait", async () => {
  const { ask, done } = setUp({ maxWaiting: 2 });
  const asked = ["a", "b", "c"].map((name) => ask(name));
  await expect(ask("d")).rejects.toMatchObject({ code: "overloaded" });
  await Promise.all(asked);
  expect(done).toEqual(["a", "b", "c"]);
});

it("gives the place of who has gone to the next", async () => {
  const { ask, done } = setUp({ maxWaiting: 2 });
  const client = new AbortController();
  const first = ask("first");
  const gone = [1, 2].map(() => expect(ask("gone", { signal: client.signal })).rejects.toBe("gone"));
  client.abort("gone");
  await Promise.all([first, ...gone, ask("next"), ask("next")]);
  expect(done).toEqual(["first", "next", "next"]);
});

it("refuses at once what would be done too late, by what turns took of late, and says when to come again", async () => {
  const { ask, done } = setUp();
  for (let i = 0; i < 50; i++) await ask("before");
  const asked = [1, 2, 3].map(() => ask("in time"));
  // It needs 4 s, one for each of the three turns before it and one for its own, plus a quarter as a margin.
  const refusal = ask("late", { withinMs: 4800 });
  await expect(refusal).rejects.toMatchObject({ code: "overloaded", retryAfterSeconds: 4 });
  await Promise.all([...asked, ask("in time", { withinMs: 5500 })]);
  expect(done.slice(50)).toEqual(Array(4).fill("in time"));
});

it("refuses nobody where there is a place, so that quicker turns are noticed", async () => {
  const { ask } = setUp();
  for (let i = 0; i < 50; i++) await ask("slow", { turnMs: 60_000 });
  for (let i = 0; i < 50; i++) await ask("quick", { turnMs: 10, withinMs: 100 });
  await Promise.all([ask("first"), ask("second", { withinMs: 2000 })]);
});

it("does not begin what nobody waits for any more, nor takes it for quick", async () => {
  const { ask, done } = setUp();
  for (let i = 0; i < 50; i++) await ask("before");
  const clients = Array.from({ length: 50 }, () => new AbortController());
  const gone = clients.map(({ signal }) => ask("gone", { signal }));
  for (const client of clients) client.abort("gone");
  for (const each of gone) await expect(each).rejects.toBe("gone");
  expect(done).not.toContain("gone");
  const first = ask("first");
  await expect(ask("late", { withinMs: 1500 })).rejects.toMatchObject({ code: "overloaded" });
  await first;
});

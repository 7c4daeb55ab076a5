import { expect, it, vi } from "vitest";
import { createTurnstile } from "../../../src/edge/turnstile.ts";

/** A turnstile whose clock moves with each sleep, but so slowly that everybody else runs in between. */
function setUp(waitMs = 1000) {
  let ms = 0;
  const sleep = async (length: number) => {
    ms += length / 10;
    await new Promise((resolve) => setTimeout(resolve));
  };
  return {
    turnstile: createTurnstile({ now: () => ms, sleep, waitMs }),
    pass(length: number) {
      ms += length;
    },
  };
}

it("lets in one at a time, and everybody in the end", async () => {
  const { turnstile } = setUp();
  let inside = 0;
  const visit = (name: number) =>
    turnstile.run(async (pause) => {
      expect(++inside).toBe(1);
      for (let tile = 0; tile < 5; tile++) await pause();
      inside--;
      return name;
    });
  expect(await Promise.all([1, 2, 3].map(visit))).toEqual([1, 2, 3]);
});

it("lets the next in when work has failed", async () => {
  const { turnstile } = setUp();
  await expect(turnstile.run(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await turnstile.run(async () => 1)).toBe(1);
});

it("refuses who has waited long enough", async () => {
  const { turnstile } = setUp(100);
  void turnstile.run(() => new Promise(() => {}));
  await expect(turnstile.run(async () => 1)).rejects.toMatchObject({ code: "overloaded", status: 503 });
});

it("has those wait longer who say so", async () => {
  const { turnstile, pass } = setUp(100);
  let end = () => {};
  void turnstile.run(() => new Promise<void>((resolve) => (end = resolve)));
  const [hasty, patient] = [turnstile.run(async () => 1), turnstile.run(async () => 2, 1000)];
  await expect(hasty).rejects.toMatchObject({ code: "overloaded" });
  pass(500);
  end();
  expect(await patient).toBe(2);
});

it("lets the next in where the one inside is not heard of any more", async () => {
  const { turnstile, pass } = setUp(60_000);
  // The one inside has no heartbeat: a real one would beat in real time, while this clock moves in steps.
  vi.spyOn(globalThis, "setInterval").mockReturnValueOnce(setTimeout(() => {}));
  void turnstile.run(() => new Promise(() => {}));
  const next = turnstile.run(async () => 1);
  for (let second = 0; second < 5; second++) {
    pass(1000);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(await next).toBe(1);
});

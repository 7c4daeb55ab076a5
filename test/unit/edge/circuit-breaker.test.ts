import { expect, it } from "vitest";
import { afterFailure, type Circuit, HEALTHY, pass } from "../../../src/edge/circuit-breaker.ts";

const OPTIONS = { maxFailures: 3, pauseMs: 1000 };

function failing(times: number, nowMs: number): Circuit {
  let circuit = HEALTHY;
  for (let i = 0; i < times; i++) circuit = afterFailure(circuit, nowMs, OPTIONS);
  return circuit;
}

it("lets everything through until there are too many failures in a row", () => {
  expect(pass(HEALTHY, 0, OPTIONS).waitMs).toBe(0);
  expect(pass(failing(2, 0), 0, OPTIONS).waitMs).toBe(0);
  expect(pass(failing(3, 0), 0, OPTIONS).waitMs).toBe(1000);
});

it("says how long the pause still is", () => {
  expect(pass(failing(3, 500), 900, OPTIONS).waitMs).toBe(600);
});

it("lets one probe through after the pause, and no other until that has been given up", () => {
  const probing = pass(failing(3, 0), 1000, OPTIONS);
  expect(probing.waitMs).toBe(0);
  expect(pass(probing.circuit, 1001, OPTIONS).waitMs).toBe(999);
  expect(pass(probing.circuit, 2000, OPTIONS).waitMs).toBe(0);
});

it("starts another pause when the probe fails", () => {
  const { circuit } = pass(failing(3, 0), 1000, OPTIONS);
  expect(pass(afterFailure(circuit, 1700, OPTIONS), 2600, OPTIONS).waitMs).toBe(100);
});

it("lets a probe through where the clock was set back, and no other", () => {
  const probing = pass(failing(3, 3_600_000), 0, OPTIONS);
  expect(probing.waitMs).toBe(0);
  expect(pass(probing.circuit, 1, OPTIONS).waitMs).toBe(999);
});

import { expect, it, vi } from "vitest";
import type { Lease } from "../../../src/edge/lease.ts";
import { durableLeases } from "../../../src/edge/leases.ts";

it("lets go of the object with its turn, not when the client has read everything", async () => {
  const turn = { end: vi.fn(async () => {}), [Symbol.dispose]: vi.fn() };
  const enter = async () => ({ state: "lead", turn });
  // A fake of only what is used.
  const namespace = { getByName: () => ({ enter }) } as unknown as DurableObjectNamespace<Lease>;
  const mine = await durableLeases(namespace, { waitMs: 1, holdMs: 1 }).enter("key");
  expect(turn[Symbol.dispose]).not.toHaveBeenCalled();
  await mine?.end({ state: "done" });
  expect(turn.end).toHaveBeenCalledExactlyOnceWith({ state: "done" });
  expect(turn[Symbol.dispose]).toHaveBeenCalledOnce();
});

it("is told what the other one's computation failed with, numbers and all", async () => {
  const failure = { code: "image_too_large", message: "Too large", detail: { limit: 1, actual: 2, unit: "pixels" } };
  const enter = async () => ({ state: "failed", ...failure });
  const namespace = { getByName: () => ({ enter }) } as unknown as DurableObjectNamespace<Lease>;
  const told = durableLeases(namespace, { waitMs: 1, holdMs: 1 }).enter("key");
  await expect(told).rejects.toMatchObject(failure);
});

it("is refused for the moment where the object cannot be asked", async () => {
  const enter = () => Promise.reject(new Error("Durable Object is overloaded."));
  const namespace = { getByName: () => ({ enter }) } as unknown as DurableObjectNamespace<Lease>;
  const refused = durableLeases(namespace, { waitMs: 1, holdMs: 1 }).enter("key");
  await expect(refused).rejects.toMatchObject({ code: "overloaded", status: 503 });
});

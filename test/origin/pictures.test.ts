import { expect, it, vi } from "vitest";
import { createDeadline } from "../../src/origin/deadline.ts";
import { openPictures } from "../../src/origin/pictures.ts";

// How long threads have been busy, by a fake clock; test/origin/upscale.test.ts tests what they do.

const threads = vi.hoisted(() => ({ ends: [] as ((isWell: boolean) => void)[] }));

vi.mock("piscina", async (load) => ({
  ...(await load<object>()),
  Piscina: class {
    run(task: object | undefined) {
      if (task === undefined) return;
      return new Promise((resolve, reject) => {
        threads.ends.push((isWell) => (isWell ? resolve({}) : reject(new Error("The thread has ended"))));
      });
    }
  },
}));

it("tells how long a thread has been at the picture that it has been at longest, until it is done or has failed", async () => {
  const clock = { ms: 0 };
  const tiling = { size: 32, overlap: 0 };
  const pictures = await openPictures({ threads: 1, tiling, concurrency: 1, timeoutSeconds: 1, now: () => clock.ms });
  const deadline = createDeadline(60_000, 0, new AbortController().signal);
  // Only what `render` uses.
  const request = { bytes: new Uint8Array(1), plan: { scale: 2 }, ticket: {}, deadline };
  const render = () => pictures.render(request as unknown as Parameters<typeof pictures.render>[0]);
  const first = render();
  clock.ms = 30;
  const second = render();
  clock.ms = 100;
  expect(pictures.oldestMs).toBe(100);
  threads.ends[0]?.(true);
  await first;
  expect(pictures.oldestMs).toBe(70);
  threads.ends[1]?.(false);
  await expect(second).rejects.toThrow("The thread has ended");
  expect(pictures.oldestMs).toBe(0);
  deadline.clear();
});

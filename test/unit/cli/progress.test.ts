import { expect, test, vi } from "vitest";
import { createProgress } from "../../../src/cli/progress.ts";

test("leaves a terminal as it was, whenever the program ends", () => {
  const { stderr } = process;
  const { isTTY } = stderr;
  let drawn = "";
  vi.spyOn(stderr, "write").mockImplementation((text) => {
    drawn += text;
    return true;
  });
  Object.assign(stderr, { isTTY: true });
  const progress = createProgress("tiles");
  progress.update(9, 9);
  progress.stop();
  Object.assign(stderr, { isTTY });
  vi.restoreAllMocks();
  expect(drawn).toContain("0/1 tiles");
  expect(drawn).toContain("9/9 tiles");
  // The line is cleared, because the bar would otherwise stand before the next output.
  expect(drawn.slice(-3)).toBe("[2K");
  // Neither the cursor (25) nor line wrap (7) is switched off.
  for (const mode of ["25", "7"]) expect(drawn).not.toContain(`[?${mode}l`);
});

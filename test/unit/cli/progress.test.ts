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
  createProgress("tiles").update(1, 9);
  Object.assign(stderr, { isTTY });
  vi.restoreAllMocks();
  expect(drawn).toContain("0/1 tiles");
  // No cursor, no line wrap.
  for (const mode of ["25", "7"]) expect(drawn).not.toContain(`[?${mode}l`);
});

import { expect, test } from "vitest";
import project from "../../../package.json" with { type: "json" };
import { ssiu } from "./ssiu.ts";

test.each(["", "upscale ", "eval ", "sign ", "jobs replay ", "webhooks listen "])(
  "ssiu %s--help is no failure",
  async (command) => {
    const { code, stdout, stderr } = await ssiu(...command.split(" ").filter(Boolean), "--help");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`Usage: ssiu ${command}`);
  },
);

test("--version says which it is", async () => {
  expect(await ssiu("--version")).toEqual({ code: 0, stdout: `${project.version}\n`, stderr: "" });
});

import { expect, test } from "vitest";
import { ssiu } from "./ssiu.ts";

test.each(["", "upscale ", "eval ", "sign ", "jobs replay ", "webhooks listen "])(
  "ssiu %s--help is no failure",
  async (command) => {
    const { code, stdout, stderr } = await ssiu(...command.split(" ").filter(Boolean), "--help");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`Usage: ssiu ${command}`);
  },
);

import { spawnSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { parseKeyring } from "../../src/core/keyring.ts";
import { signUrl } from "../../src/core/signed-url.ts";

const pages = (await readdir("docs")).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`);

test.each(["README.md", "CONTRIBUTING.md", "src/web/samples/README.md", ...pages])(
  "%s can be pasted into zsh, which takes comments for arguments",
  async (page) => {
    const commands = (await readFile(page, "utf8")).match(/^ {4}.+/gm) ?? [];
    expect(commands.filter((line) => /\s#\s/.test(line))).toEqual([]);
  },
);

test("the link in docs/security.md is signed as it says", async () => {
  const page = await readFile("docs/security.md", "utf8");
  const [link = ""] = /(?<=^`)\/img\/.+sig=[\w-]+(?=`)/m.exec(page) ?? [];
  const path = { transform: { scale: 2, quality: 80 }, source: "photos/it's (1).jpg" } as const;
  expect(link).toBe(await signUrl(path, 4_102_444_800, parseKeyring("k1:0123456789abcdef", "KEYS")));

  const [, code] = /^```python\n([\s\S]+?)^```/m.exec(page) ?? [];
  const [call] = /(?<=^`)sign\(.+\)(?=`)/m.exec(page) ?? [];
  const python = spawnSync("python3", ["-c", `${code}\nprint(${call}, end="")`], { encoding: "utf8" });
  // Not every machine has Python.
  if (python.error === undefined) expect(python.stdout).toBe(link);
});

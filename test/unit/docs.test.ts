import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";

const pages = (await readdir("docs")).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`);

test.each(["README.md", "CONTRIBUTING.md", "src/web/samples/README.md", ...pages])(
  "%s can be pasted into zsh, which takes comments for arguments",
  async (page) => {
    const commands = (await readFile(page, "utf8")).match(/^ {4}.+/gm) ?? [];
    expect(commands.filter((line) => /\s#\s/.test(line))).toEqual([]);
  },
);

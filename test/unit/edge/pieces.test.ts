import { createServer } from "node:http";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { expect, it, onTestFinished } from "vitest";
import { listen } from "../../listen.ts";

/** A Worker that reads the body at `url` with `pieces` and answers with its text and the sizes of the buffers. */
const worker = (url: string) => `
  import { pieces } from "./src/edge/pieces.ts";
  export default {
    async fetch() {
      const { body } = await fetch("${url}");
      const buffers = [];
      let text = "";
      for await (const piece of pieces(body)) {
        buffers.push(piece.buffer.byteLength);
        text += new TextDecoder().decode(piece);
      }
      return Response.json({ buffers, text });
    },
  };`;

it.each([0, 1, 65_536, 150_000])(
  "a body of %i bytes that come one by one takes little more memory than that",
  async (length) => {
    const text = "abcdefg".repeat(length / 7 + 1).slice(0, length);
    const server = createServer((_, response) => {
      for (const letter of text) response.write(letter);
      response.end();
    });
    const contents = worker(await listen(server));
    onTestFinished(() => void server.close());
    const bundle = { bundle: true, write: false, format: "esm" } as const;
    const { outputFiles } = await build({ ...bundle, stdin: { contents, resolveDir: process.cwd() } });
    const miniflare = new Miniflare({ modules: true, script: outputFiles[0]?.text ?? "" });
    onTestFinished(() => miniflare.dispose());
    const read = (await (await miniflare.dispatchFetch("http://localhost/")).json()) as {
      buffers: number[];
      text: string;
    };
    expect(read.text).toBe(text);
    expect(read.buffers.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(length + 2 * 65_536);
  },
);

import sharp from "sharp";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Codecs } from "../../../src/codecs/codec.ts";
import { createInstanceSlot } from "../../../src/codecs/instance-slot.ts";
import { createCodecs } from "../../../src/codecs/jsquash.ts";
import { CODEC_MODULES } from "../../../src/codecs/node-modules.ts";
import { pngChunk, pngFile } from "../../../src/codecs/png-container.ts";
import { createSharpCodecs } from "../../../src/codecs/sharp.ts";
import { ServiceError } from "../../../src/core/errors.ts";
import type { Format, Rgba } from "../../../src/core/image.ts";
import { pngChunks } from "../../../src/core/probe/png.ts";
import { probe } from "../../../src/core/probe/probe.ts";
import { fixture } from "../../fixtures/read.ts";

const GOOD: Readonly<Record<Format, string>> = {
  png: "rgba-8.png",
  jpeg: "420.jpg",
  webp: "lossy-alpha.webp",
  avif: "alpha.avif",
};
const MB = 2 ** 20;

/** The file with its pixel data overwritten, so that it passes the prober and fails in the decoder. */
function damaged(format: Format): Uint8Array {
  const bytes = fixture(GOOD[format]);
  if (format === "jpeg") {
    // Impossible numbers of Huffman codes, on which libjpeg gives up by longjmp.
    const dht = Buffer.from(bytes).indexOf(Uint8Array.of(0xff, 0xc4));
    bytes.fill(0xfe, dht + 5, dht + 21);
    return bytes;
  }
  if (format === "webp") {
    // A first partition longer than the chunk.
    const frame = 8 + Buffer.from(bytes).indexOf("VP8 ");
    bytes.set([0xff, 0xff], frame + 1);
    return bytes;
  }
  const start = Math.floor(bytes.length * (format === "avif" ? 0.7 : 0.4));
  for (let i = start; i < bytes.length - 16; i++) bytes[i] = (i * 167) & 0x7f;
  return format === "png" ? resealed(bytes) : bytes;
}

/** Corrects a PNG's checksums, so that its decoder sees the damage. Without readable chunks, the PNG stays as it is. */
function resealed(png: Uint8Array): Uint8Array {
  try {
    return pngFile([...pngChunks(png)].map(({ type, data }) => pngChunk(type, data)));
  } catch {
    return png;
  }
}

describe("codecs", () => {
  it("decode after more damaged pictures than an instance of jSquash's bears", async () => {
    const codecs = createCodecs(CODEC_MODULES);
    const good = fixture(GOOD.jpeg);
    const header = probe(good);
    const { image } = await codecs.decode(good, header);
    for (let i = 0; i < 200; i++) {
      await expect(codecs.decode(damaged("jpeg"), header)).rejects.toMatchObject({ code: "undecodable_image" });
    }
    for (let i = 0; i < 20; i++) expect((await codecs.decode(good, header)).image).toEqual(image);
  });

  it("decodes several pictures at once", async () => {
    const codecs = createCodecs(CODEC_MODULES);
    const decode = async (name: string) => (await codecs.decode(fixture(name), probe(fixture(name)))).image;
    const names = Object.values(GOOD);
    const oneByOne = [];
    for (const name of names) oneByOne.push(await decode(name));
    expect(await Promise.all([...names, ...names].map(decode))).toEqual([...oneByOne, ...oneByOne]);
  });

  it("are compiled once, however many instances are started", () => {
    const name = "@jsquash/avif/codec/dec/avif_dec.wasm";
    expect(CODEC_MODULES[name]).toBe(CODEC_MODULES[name]);
  });

  it.each(Object.values(GOOD))("survives damage anywhere in %s", async (name) => {
    const bytes = fixture(name);
    const step = Math.ceil(bytes.length / 150);
    const outcomes = new Set<string>();
    for (const codecs of [createCodecs(CODEC_MODULES), createSharpCodecs()]) {
      for (let at = 0; at < bytes.length; at += step) {
        const copy = bytes.slice();
        copy[at] = (copy[at] ?? 0) ^ (1 + (at % 255));
        outcomes.add(await outcome(codecs, name.endsWith(".png") ? resealed(copy) : copy));
      }
    }
    expect(["decoded", "undecodable_image", "unsupported_format"]).toEqual(expect.arrayContaining([...outcomes]));
  });

  async function outcome(codecs: Codecs, bytes: Uint8Array): Promise<string> {
    try {
      const header = probe(bytes);
      // Like every caller, this decodes nothing that declares a large size.
      if (header.width * header.height > 100_000) return "undecodable_image";
      const { image } = await codecs.decode(bytes, header);
      return image.data.length === 4 * image.width * image.height ? "decoded" : "short";
    } catch (error) {
      return error instanceof ServiceError ? error.code : String(error);
    }
  }
});

describe("memory", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** Collects all instances that are started from here on. */
  function watchInstances(): WebAssembly.Instance[] {
    const started: WebAssembly.Instance[] = [];
    const { Instance } = WebAssembly;
    vi.spyOn(WebAssembly, "Instance").mockImplementation(function (this: unknown, module, imports) {
      const instance = new Instance(module, imports);
      started.push(instance);
      return instance;
    });
    return started;
  }

  function bytesOf(instance: WebAssembly.Instance | undefined): number {
    const memory = Object.values(instance?.exports ?? {}).find((value) => value instanceof WebAssembly.Memory);
    return memory instanceof WebAssembly.Memory ? memory.buffer.byteLength : 0;
  }

  /** Opaque noise, the worst case for an encoder. */
  function noise(side: number): Rgba {
    const data = Uint8ClampedArray.from({ length: 4 * side * side }, (_, i) =>
      i % 4 === 3 ? 255 : ((i * 2654435761) >>> 24) & 127,
    );
    return { width: side, height: side, data };
  }

  it("starts an instance only when one is needed, and again when the format changes", async () => {
    const started = watchInstances();
    const codecs = createCodecs(CODEC_MODULES);
    expect(started.length).toBe(0);
    for (const name of ["420.jpg", "444.jpg", "lossy.webp", "420.jpg", "grey.jpg"]) {
      await codecs.decode(fixture(name), probe(fixture(name)));
    }
    expect(started.length).toBe(3);
  });

  it.each([
    ["jpeg", 2],
    ["png", 2],
    ["webp", 2],
    ["avif", 3],
  ] as const)("%s: never uses again what has thrown", async (format, instances) => {
    const started = watchInstances();
    const codecs = createCodecs(CODEC_MODULES);
    const good = fixture(GOOD[format]);
    const header = probe(good);
    const { image } = await codecs.decode(good, header);
    await expect(codecs.decode(damaged(format), header)).rejects.toMatchObject({ code: "undecodable_image" });
    expect((await codecs.decode(good, header)).image).toEqual(image);
    expect(started.length).toBe(instances);
  });

  it("never uses an AVIF decoder again: what it leaves behind would show where it fails", async () => {
    const started = watchInstances();
    const codecs = createCodecs(CODEC_MODULES);
    const bytes = fixture("alpha.avif");
    for (let i = 0; i < 3; i++) await codecs.decode(bytes, probe(bytes));
    expect(started.length).toBe(3);
  });

  // The sides are at least those of the largest results: MAX_OUTPUT_PIXELS and MAX_AVIF_PIXELS.
  it.each([
    ["jpeg", 17, 1024, 24],
    ["webp", 17, 1414, 44],
    ["avif", 17, 627, 28],
  ] as const)(
    "%s: decoding 512x512 takes at most %i MB, encoding %i² %i MB",
    async (format, decoderMb, side, encoderMb) => {
      const started = watchInstances();
      const codecs = createCodecs(CODEC_MODULES);
      const small = await codecs.encode({ image: noise(512) }, format);
      await codecs.decode(small, probe(small));
      await codecs.encode({ image: noise(side) }, format);
      const [encoder, decoder] = started;
      expect(bytesOf(decoder) / MB).toBeLessThanOrEqual(decoderMb);
      expect(bytesOf(encoder) / MB).toBeLessThanOrEqual(encoderMb);
      expect(started.length).toBe(2);
    },
  );

  it("png: decoding 512x512 takes at most 4 MB, once or again, encoding none, and no other encoder stays", async () => {
    const started = watchInstances();
    const codecs = createCodecs(CODEC_MODULES);
    await codecs.encode({ image: noise(16) }, "webp");
    const small = await codecs.encode({ image: noise(512) }, "png");
    for (let i = 0; i < 2; i++) await codecs.decode(small, probe(small));
    await codecs.encode({ image: noise(16) }, "webp");
    const [, decoder] = started;
    expect(bytesOf(decoder) / MB).toBeLessThanOrEqual(4);
    expect(started.length).toBe(3);
  });

  it("refuses an AVIF that takes more memory than it may, and only that", async () => {
    const pixels = Uint8Array.from({ length: 4 * 384 ** 2 }, (_, i) => Math.imul(i + 1, 2_654_435_761) >>> 24);
    const picture = sharp(pixels, { raw: { width: 384, height: 384, channels: 4 } });
    const bytes = new Uint8Array(await picture.avif({ lossless: true, effort: 0 }).toBuffer());
    const started = watchInstances();
    const [bounded, free] = [createCodecs(CODEC_MODULES, { avifBytes: 24 * MB }), createCodecs(CODEC_MODULES)];
    await expect(bounded.decode(bytes, probe(bytes))).rejects.toMatchObject({ code: "image_too_large" });
    expect(bytesOf(started[0]) / MB).toBeLessThanOrEqual(24);
    const { image } = await free.decode(bytes, probe(bytes));
    const small = fixture("8-bit.avif");
    expect([image.width, (await bounded.decode(small, probe(small))).image.width]).toEqual([384, probe(small).width]);
  });

  it.each([
    [24 * MB, 1],
    [24 * MB + 1, 3],
  ])("with %i bytes of memory, three uses take %i instances", async (byteLength, expected) => {
    let started = 0;
    const slot = createInstanceSlot<string, () => void>();
    const start = async () => {
      started += 1;
      return { run: () => {}, memory: { buffer: { byteLength } } };
    };
    for (let i = 0; i < 3; i++) await slot("codec", start, (run) => run());
    expect(started).toBe(expected);
  });
});

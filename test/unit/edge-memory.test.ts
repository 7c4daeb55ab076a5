import { expect, it } from "vitest";
import { createCodecs } from "../../src/codecs/jsquash.ts";
import { CODEC_MODULES } from "../../src/codecs/node-modules.ts";
import { FORMATS, type Rgba, SCALES } from "../../src/core/image.ts";
import { probe } from "../../src/core/probe/probe.ts";
import { planSpans } from "../../src/core/tiles.ts";
import { ENGINES } from "../../src/engine/node-engines.ts";
import { clean } from "./engine/clean.ts";

const { Memory, Instance } = WebAssembly;

/** What WebAssembly and pixels may take together of an isolate's 128 MB. */
const BUDGET_MB = 110;

/** Sides of the largest results: MAX_OUTPUT_PIXELS (for ort-web that of the environment ort) and MAX_AVIF_PIXELS. */
const LARGEST_SIDE = { simd: 1024, "ort-web": 886 } as const;
const LARGEST_AVIF_SIDE = 627;

it.each(["simd", "ort-web"] as const)("fits the largest picture into the isolate's memory with %s", async (name) => {
  const heapMb = watchMemories();
  const { engine, tiling } = await ENGINES[name]();
  const largest = LARGEST_SIDE[name];
  for (const scale of SCALES) {
    const side = Math.floor(largest / scale);
    // The heap depends only on the sizes of tiles, so one tile of each size is enough.
    const sizes = new Set(planSpans(side, tiling).map(({ from, to }) => to - from));
    for (const width of sizes) {
      for (const height of sizes) {
        await engine.upscale({ width, height, data: new Uint8ClampedArray(3 * width * height) }, clean(scale));
      }
    }
    console.log(`x${scale} ${side}x${side}: heap of ${name} ${heapMb().toFixed(1)} MB`);
  }
  const engineMb = heapMb();

  for (const format of FORMATS) {
    const side = format === "avif" ? LARGEST_AVIF_SIDE : largest;
    // In memory while the upscaled picture is joined: source RGBA, colour, alpha, visible RGBA, colour on black, alpha picture;
    // colour on black, alpha picture, alpha, RGBA.
    const joining = (largest / 2) ** 2 * (4 + 3 + 1 + 4 + 3 + 3) + largest ** 2 * (3 + 3 + 1 + 4);
    // And while it is resized and padded: source and upscaled RGBA; resized and padded RGBA, a row in floats.
    const resizing = (largest / 2) ** 2 * 4 + largest ** 2 * 4 + side ** 2 * (4 + 4) + 4 * 8 * largest;
    // And while colours bleed: source, upscaled and resized RGBA; padded and bled RGBA, positions to go on from, flags.
    const bleeding = (largest / 2) ** 2 * 4 + largest ** 2 * 4 + side ** 2 * (4 + 4 + 4 + 1);
    const pixelsMb = Math.max(joining, resizing, bleeding) / 1e6;
    const before = heapMb();
    const codecs = createCodecs(CODEC_MODULES);
    const source = await codecs.encode({ image: noise(side / 2) }, format);
    const afterSource = heapMb();
    await codecs.decode(source, probe(source));
    const decoderMb = heapMb() - afterSource;
    await codecs.encode({ image: noise(side) }, format, { quality: 100 });
    // PNG is built in four arrays, each at worst as large as RGBA: two deflated versions, the chunk and the file.
    const arraysMb = format === "png" ? (4 * 4 * side ** 2) / 1e6 : 0;
    const encoderMb = heapMb() - decoderMb - before + arraysMb;
    const total = engineMb + pixelsMb + decoderMb + encoderMb;
    console.log(
      `${format}: engine ${engineMb.toFixed(1)} + pixels ${pixelsMb.toFixed(1)} + decoder ${decoderMb.toFixed(1)} ` +
        `+ encoder ${encoderMb.toFixed(1)} = ${total.toFixed(1)} MB`,
    );
    expect(total, format).toBeLessThan(BUDGET_MB);
  }
});

/** Watches all WebAssembly memories from here on, imported (onnxruntime-web) or exported. @returns their sum in MB */
function watchMemories(): () => number {
  const memories = new Set<WebAssembly.Memory>();
  const watched = <C extends new (...args: never[]) => object>(type: C): C =>
    new Proxy(type, {
      construct(target, args, newTarget) {
        const instance: object = Reflect.construct(target, args, newTarget);
        const exported = instance instanceof WebAssembly.Instance ? Object.values(instance.exports) : [];
        for (const value of [instance, ...exported]) if (value instanceof WebAssembly.Memory) memories.add(value);
        return instance;
      },
    });
  WebAssembly.Memory = watched(Memory);
  WebAssembly.Instance = watched(Instance);
  return () => [...memories].reduce((bytes, memory) => bytes + memory.buffer.byteLength, 0) / 1e6;
}

/** Opaque noise on waves, as in a photograph. */
function noise(side: number): Rgba {
  const data = Uint8ClampedArray.from({ length: 4 * side * side }, (_, i) =>
    i % 4 === 3 ? 255 : 128 + 60 * Math.sin(i / 900) + (((i * 2_654_435_761) >>> 24) % 40),
  );
  return { width: side, height: side, data };
}

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planResize } from "../../../src/core/resize-plan.ts";
import { FITS, parseTransform, type Transform } from "../../../src/core/transform.ts";

const plan = (ops: string, width: number, height: number) => planResize({ width, height }, parseTransform(ops));

describe("planResize", () => {
  it.each([
    // The examples of Cloudflare's documentation.
    ["w=500,h=500,fit=scale-down", [1080, 720], [500, 333]],
    ["w=2000,h=2000,fit=scale-down", [1080, 720], [1080, 720]],
    ["w=500,h=500,fit=cover", [1080, 720], [500, 500]],
    ["w=1296,h=1296,fit=crop", [1080, 720], [1080, 720]],
    ["w=1080,h=1080,fit=pad", [1080, 720], [1080, 1080]],
    ["w=1080,h=540,fit=squeeze", [1080, 1080], [1080, 540]],
    // Each fit, with boxes on both sides of the picture's size.
    ["w=480", [160, 90], [480, 270]],
    ["h=480", [160, 90], [853, 480]],
    ["w=480,h=480", [160, 90], [480, 270]],
    ["w=80,h=80", [160, 90], [80, 45]],
    ["w=480,fit=scale-down", [160, 90], [160, 90]],
    ["w=80,fit=scale-up", [160, 90], [160, 90]],
    ["w=480,h=480,fit=scale-up", [160, 90], [480, 270]],
    ["w=480,h=480,fit=cover", [160, 90], [480, 480]],
    ["w=80,h=80,fit=crop", [160, 90], [80, 80]],
    ["w=300,h=300,fit=crop", [1000, 100], [300, 100]],
    ["w=480,h=480,fit=pad", [160, 90], [480, 480]],
    ["w=100,h=30,fit=squeeze", [160, 90], [100, 30]],
    ["w=80,h=270,fit=squeeze", [160, 90], [80, 270]],
    // The scale comes first, then the box.
    ["x2", [160, 90], [320, 180]],
    ["x2,w=480", [160, 90], [480, 270]],
    ["x4,w=480", [160, 90], [480, 270]],
    ["x2,w=480,fit=scale-down", [160, 90], [320, 180]],
    ["x4,w=300,h=300,fit=cover", [160, 90], [300, 300]],
    ["x1,w=480", [160, 90], [480, 270]],
    ["w=1", [1000, 3], [1, 1]],
    // Half a pixel rounds up.
    ["w=138", [640, 480], [138, 104]],
    ["w=138", [800, 600], [138, 104]],
    ["h=82", [15, 20], [62, 82]],
  ] as const)("%s of %j is %j", (ops, [width, height], [across, down]) => {
    expect(plan(ops, width, height).canvas).toEqual({ width: across, height: down });
  });

  it.each([
    ["w=159", 160, 1],
    ["w=160", 160, 1],
    ["w=161", 160, 2],
    ["w=320", 160, 2],
    ["w=160,dpr=2", 160, 2],
    ["w=321", 160, 3],
    ["w=480", 160, 3],
    ["w=481", 160, 4],
    ["w=5000", 160, 4],
    ["w=480,fit=scale-down", 160, 1],
    ["w=480,h=160,fit=contain", 160, 1],
    ["w=480,h=160,fit=cover", 160, 3],
    ["w=480,h=160,fit=pad", 160, 1],
    ["w=10,h=320,fit=squeeze", 160, 2],
    ["x4,w=10", 160, 4],
    ["x1,w=480", 160, 1],
  ])("%s of a %i px square is made from x%i", (ops, side, scale) => {
    expect(plan(ops, side, side).scale).toBe(scale);
  });

  it("cuts from the middle, and upscales little more than what is seen", () => {
    const { window, region, scale } = plan("w=200,h=800,fit=cover", 400, 400);
    expect(window).toEqual({ x: 150, y: 0, width: 100, height: 400 });
    expect(region).toEqual({ x: 128, y: 0, width: 138, height: 400 });
    expect(scale).toBe(2);
  });

  it("takes as much around what is seen as the filter reaches where it shrinks", () => {
    const { window, region } = plan("w=8,h=70,fit=cover", 400, 400);
    expect(window).toEqual({ x: 177, y: 0, width: 8 / 0.175, height: 400 });
    // The margin is 3 / 0.175 px, rounded up.
    expect(region).toEqual({ x: 144, y: 0, width: Math.ceil(177 + 8 / 0.175 + 18) - 144, height: 400 });
  });

  it("cuts on whole pixels where nothing is scaled", () => {
    expect(plan("w=100,h=100,fit=crop,x1", 101, 100).window).toEqual({ x: 0, y: 0, width: 100, height: 100 });
  });

  it("cuts from the middle to a pixel of the result", () => {
    const side = fc.integer({ min: 1, max: 3000 });
    const scale = fc.constantFrom<Transform["scale"]>(1, 2, 3, 4, "auto");
    const asked = fc.record({ scale, width: side, height: side, fit: fc.constantFrom("cover", "crop") });
    fc.assert(
      fc.property(asked, side, side, (transform, width, height) => {
        const { window, size } = planResize({ width, height }, transform);
        const right = width - window.x - window.width;
        const below = height - window.y - window.height;
        expect((Math.abs(right - window.x) / 2) * (size.width / window.width)).toBeLessThan(1 + 1e-6);
        expect((Math.abs(below - window.y) / 2) * (size.height / window.height)).toBeLessThan(1 + 1e-6);
      }),
    );
  });

  it.each([
    ["left", { x: 0, y: 0 }],
    ["0.25x0.5", { x: 50, y: 0 }],
    ["0.1x0.9", { x: 0, y: 0 }],
    ["0.7x0", { x: 230, y: 0 }],
    ["right", { x: 300, y: 0 }],
    ["top", { x: 150, y: 0 }],
  ])("cuts about %s", (gravity, { x, y }) => {
    const { window, region } = plan(`w=200,h=800,fit=cover,gravity=${gravity}`, 400, 400);
    expect(window).toEqual({ x, y, width: 100, height: 400 });
    expect(region.x).toBe(Math.max(0, Math.floor((x - 16) / 16) * 16));
    const turned = plan(`w=800,h=200,fit=cover,gravity=${gravity.split("x").reverse().join("x")}`, 400, 400);
    if (gravity.includes("x")) expect(turned.window).toEqual({ x: y, y: x, width: 400, height: 100 });
  });

  it("cuts nothing from a side that is to be kept, and moves by its focus else", () => {
    const side = fc.integer({ min: 1, max: 3000 });
    const scale = fc.constantFrom<Transform["scale"]>(1, 2, 3, 4, "auto");
    const focus = fc.double({ min: 0, max: 1, noNaN: true });
    const gravity = fc.record({ x: focus, y: focus });
    const asked = fc.record({ scale, width: side, height: side, fit: fc.constantFrom("cover", "crop"), gravity });
    fc.assert(
      fc.property(asked, side, side, (transform, width, height) => {
        const { window, size } = planResize({ width, height }, transform);
        for (const [start, length, becomes, whole, wanted] of [
          [window.x, window.width, size.width, width, transform.gravity.x],
          [window.y, window.height, size.height, height, transform.gravity.y],
        ] as const) {
          const pixel = length / becomes;
          // An enlarged window begins on a pixel of the result, whose size is rounded by up to half a pixel.
          const near = pixel < 1 ? 1.5 * pixel : pixel;
          const right = whole - start - length;
          expect(Math.min(start, right)).toBeGreaterThan(-1e-6 * whole);
          const off = wanted * whole - (start + length / 2);
          if (off > near) expect(right).toBeLessThan(near);
          if (off < -near) expect(start).toBeLessThan(near);
        }
        const kept = planResize({ width, height }, { ...transform, gravity: { x: 1, y: 1 } });
        expect(kept.window.x + kept.window.width).toBeCloseTo(width, 6);
        expect(kept.window.y + kept.window.height).toBeCloseTo(height, 6);
      }),
      { examples: [[{ scale: 1, width: 222, height: 1, fit: "cover", gravity: { x: 0, y: 0 } }, 15, 863]] },
    );
  });

  it("cuts on whole pixels of what the network makes", () => {
    const { window, scale, size } = plan("w=100,h=303,fit=cover", 101, 101);
    expect(scale * window.x).toBe(101);
    expect(scale * window.width).toBe(size.width);
  });

  it("keeps to the box, the picture and the smallest scale, whatever is asked for", () => {
    const side = fc.integer({ min: 1, max: 3000 });
    const asked = fc.record({
      scale: fc.constantFrom<Transform["scale"]>(1, 2, 3, 4, "auto"),
      width: side,
      height: side,
      fit: fc.constantFrom(...FITS),
    });
    fc.assert(
      fc.property(asked, side, side, (transform, width, height) => {
        const { canvas, size, window, region, scale } = planResize({ width, height }, transform);
        const { fit } = transform;
        if (fit !== "scale-up") {
          expect(canvas.width).toBeLessThanOrEqual(transform.width);
          expect(canvas.height).toBeLessThanOrEqual(transform.height);
        }
        if (fit === "cover" || fit === "pad" || fit === "squeeze") {
          expect(canvas).toEqual({ width: transform.width, height: transform.height });
        }
        for (const [start, length, from, part, whole] of [
          [window.x, window.width, region.x, region.width, width],
          [window.y, window.height, region.y, region.height, height],
        ] as const) {
          expect(from % 16).toBe(0);
          expect(from).toBeLessThanOrEqual(start);
          expect(start + length).toBeLessThanOrEqual(from + part + 1e-6);
          expect(from + part).toBeLessThanOrEqual(whole);
        }
        if (transform.scale === "auto") {
          const enough = (s: number) =>
            s * window.width >= size.width - 0.51 && s * window.height >= size.height - 0.51;
          expect(scale === 4 || enough(scale)).toBe(true);
          if (scale > 1)
            expect(size.width > (scale - 1) * window.width || size.height > (scale - 1) * window.height).toBe(true);
        } else {
          expect(scale).toBe(transform.scale);
        }
      }),
    );
  });
});

import type { Rgb, Rgba } from "./image.ts";

/** Alpha of a picture on its own: `[w*h]`, 0 transparent .. 255 opaque. */
export type AlphaPlane = Uint8ClampedArray;

/** Takes RGBA apart into `[3*w*h]` colour and `[w*h]` alpha. */
export function splitAlpha({ width, height, data }: Rgba): { rgb: Rgb; alpha: AlphaPlane } {
  const pixels = width * height;
  const rgb = new Uint8ClampedArray(3 * pixels);
  const alpha = new Uint8ClampedArray(pixels);
  for (let i = 0, from = 0, to = 0; i < pixels; i++) {
    rgb[to++] = data[from++] ?? 0;
    rgb[to++] = data[from++] ?? 0;
    rgb[to++] = data[from++] ?? 0;
    alpha[i] = data[from++] ?? 0;
  }
  return { rgb: { width, height, data: rgb }, alpha };
}

/** Inverse of {@link splitAlpha} for pixels that all have the same alpha, 0..255. */
export function joinAlpha({ width, height, data }: Rgb, alpha: number): Rgba {
  const rgba = new Uint8ClampedArray(4 * width * height);
  for (let from = 0, to = 0; to < rgba.length; ) {
    rgba[to++] = data[from++] ?? 0;
    rgba[to++] = data[from++] ?? 0;
    rgba[to++] = data[from++] ?? 0;
    rgba[to++] = alpha;
  }
  return { width, height, data: rgba };
}

/** Multiplies colours by alpha, rounded to the nearest: what a picture looks like on black. */
export function premultiply({ width, height, data }: Rgb, alpha: AlphaPlane): Rgb {
  const product = new Uint8ClampedArray(data.length);
  for (let i = 0, at = 0; i < alpha.length; i++) {
    const share = (alpha[i] ?? 0) / 255;
    for (const end = at + 3; at < end; at++) product[at] = (data[at] ?? 0) * share;
  }
  return { width, height, data: product };
}

/** Least alpha of a visible pixel: below it, a colour shows by at most 3 %, and 8 bits hold little of it. */
export const VISIBLE = 8;

/** Gives every pixel that can hardly be seen the colour of the nearest visible one (city-block distance). */
export function bleedColours({ width, height, data }: Rgba): Rgba {
  const bled = data.slice();
  const queue = new Uint32Array(width * height);
  const reached = new Uint8Array(width * height);
  let tail = 0;
  for (let i = 0; i < reached.length; i++) {
    if ((data[4 * i + 3] ?? 0) >= VISIBLE) {
      reached[i] = 1;
      queue[tail++] = i;
    }
  }
  const spread = (from: number, to: number) => {
    if (reached[to] === 1) return;
    reached[to] = 1;
    bled.copyWithin(4 * to, 4 * from, 4 * from + 3);
    queue[tail++] = to;
  };
  for (let head = 0; head < tail; head++) {
    const i = queue[head] ?? 0;
    const x = i % width;
    if (x > 0) spread(i, i - 1);
    if (x < width - 1) spread(i, i + 1);
    if (i >= width) spread(i, i - width);
    if (i + width < reached.length) spread(i, i + width);
  }
  return { width, height, data: bled };
}

/** Divides colours by the alpha that they have been multiplied by, rounded to the nearest. */
export function unpremultiply({ width, height, data }: Rgba): Rgba {
  const straight = data.slice();
  for (let i = 0; i < data.length; i += 4) {
    const alpha = data[i + 3] ?? 0;
    if (alpha === 0) continue;
    for (let c = i; c < i + 3; c++) straight[c] = (255 * (data[c] ?? 0)) / alpha;
  }
  return { width, height, data: straight };
}

/** Puts a picture on a plain background, [r, g, b], 0..255; an opaque picture is returned as it is. */
export function flatten(image: Rgba, background: readonly [number, number, number]): Rgba {
  if (isOpaque(image)) return image;
  const { width, height, data } = image;
  const flat = new Uint8ClampedArray(data.length);
  for (let i = 0; i < data.length; i += 4) {
    const a = (data[i + 3] ?? 0) / 255;
    for (let c = 0; c < 3; c++) flat[i + c] = a * (data[i + c] ?? 0) + (1 - a) * (background[c] ?? 0);
    flat[i + 3] = 255;
  }
  return { width, height, data: flat };
}

export function isOpaque({ data }: Rgba): boolean {
  for (let at = 3; at < data.length; at += 4) if (data[at] !== 255) return false;
  return true;
}

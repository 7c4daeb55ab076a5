import sharp, { type OutputInfo, type Sharp } from "sharp";

/** A generated picture with edges, gradients, colour and grain, which does not count as drawn. */
export function pattern(width = 48, height = 32): Sharp {
  const data = new Uint8ClampedArray(3 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const inside = Math.min(1, Math.max(0, 0.5 + (height / 3 - Math.hypot(x - width / 2, y - height / 2)) / 2));
      const [disc, ground] = [
        [230, 60 + 4 * y, 40],
        [4 * x, 120, 255 - 6 * y],
      ] as const;
      const grain = 12 * Math.sin(1.3 * x) * Math.cos(1.1 * y);
      for (let c = 0; c < 3; c++) {
        data[3 * (y * width + x) + c] = inside * (disc[c] ?? 0) + (1 - inside) * (ground[c] ?? 0) + grain;
      }
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** Bars drawn pixel by pixel, as in a chart. */
export function chart(): Sharp {
  const data = new Uint8Array(3 * 40 * 40).fill(255);
  for (let i = 0; i < 40 * 40; i++) {
    const [x, y] = [i % 40, Math.floor(i / 40)];
    if (x % 8 < 5 && y > (x * 7) % 30) data.set([130, 80, 223], 3 * i);
  }
  return sharp(data, { raw: { width: 40, height: 40, channels: 3 } });
}

/** A soft disc on a transparent ground, whose hidden colour is a garish green. */
export function disc(side = 40): Sharp {
  const data = new Uint8Array(4 * side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const alpha = 255 * Math.min(1, Math.max(0, side / 3 - Math.hypot(x - side / 2 + 0.5, y - side / 2 + 0.5)));
      data.set(alpha > 0 ? [200, 30, 90, alpha] : [0, 255, 0, 0], 4 * (y * side + x));
    }
  }
  return sharp(data, { raw: { width: side, height: side, channels: 4 } });
}

/** Decodes with an independent decoder. */
export async function pixels(bytes: Uint8Array): Promise<{ data: Buffer; info: OutputInfo }> {
  return await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
}

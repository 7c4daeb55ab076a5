import type { Rgba, Size } from "./image.ts";
import type { Orientation, Probe } from "./probe/probe-result.ts";

/** Size of a picture as it is shown: cropped and turned. */
export function uprightSize(picture: Probe): Size {
  const { width, height } = picture.crop ?? picture;
  return turnOf(picture.orientation).swap ? { width: height, height: width } : { width, height };
}

/** Whether rows become columns, and which of the stored axes are read from the end. */
export function turnOf(orientation: Orientation) {
  return {
    swap: orientation >= 5,
    flipX: orientation === 2 || orientation === 3 || orientation === 7 || orientation === 8,
    flipY: orientation === 3 || orientation === 4 || orientation === 6 || orientation === 7,
  };
}

/** Turns and flips a stored picture the way its orientation tag asks for. @see TIFF 6.0 tag 274 */
export function orient(image: Rgba, orientation: Orientation): Rgba {
  if (orientation === 1) return image;
  const { width, height } = image;
  const { swap, flipX, flipY } = turnOf(orientation);
  const right = flipX ? -1 : 1;
  const down = flipY ? -width : width;
  const [stepX, stepY] = swap ? [down, right] : [right, down];
  const first = (flipX ? width - 1 : 0) + (flipY ? (height - 1) * width : 0);

  const [outWidth, outHeight] = swap ? [height, width] : [width, height];
  const source = pixels(image.data);
  const target = new Uint32Array(source.length);
  for (let y = 0, to = 0; y < outHeight; y++) {
    for (let x = 0, from = first + y * stepY; x < outWidth; x++, from += stepX) target[to++] = source[from] ?? 0;
  }
  return { width: outWidth, height: outHeight, data: new Uint8ClampedArray(target.buffer) };
}

/** One element per pixel; a view if alignment allows it. */
function pixels(data: Uint8ClampedArray): Uint32Array {
  const { buffer, byteOffset, length } = data.byteOffset % 4 === 0 ? data : data.slice();
  return new Uint32Array(buffer, byteOffset, length / 4);
}

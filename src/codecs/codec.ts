import { isGrey } from "../core/grey.ts";
import type { Format, Rgba } from "../core/image.ts";
import type { Probe } from "../core/probe/probe-result.ts";

/** A decoded picture: upright, 8 bit, with the colour profile its numbers are in. */
export interface Picture {
  readonly image: Rgba;
  /** ICC profile to be embedded into the result; absent means sRGB or untagged. */
  readonly icc?: Uint8Array | undefined;
}

interface EncodeOptions {
  /** 1..100; ignored by PNG. */
  readonly quality?: number | undefined;
}

/** Bytes <-> pixels. Decoding applies the orientation; encoding embeds the profile and writes no other metadata. */
export interface Codecs {
  /** @throws {ServiceError} `undecodable_image` for corrupt or truncated bytes, `unsupported_format` for what it cannot read. */
  decode(bytes: Uint8Array, probe: Probe): Promise<Picture>;
  /** Of a size that the format can store, see MAX_SIDE. The picture's alpha is ignored by JPEG: composite first. */
  encode(picture: Picture, format: Format, options?: EncodeOptions): Promise<Uint8Array>;
}

/** Whether a format that can do without colours shall: a profile that is to be embedded needs them, being of RGB. */
export function isStoredGrey({ image, icc }: Picture): boolean {
  return icc === undefined && isGrey(image);
}

/** Whether colours are stored as finely as brightness, not halved both ways: in JPEG from the quality on where that shows. */
export function jpegHasFullChroma(quality: number): boolean {
  return quality >= 80;
}

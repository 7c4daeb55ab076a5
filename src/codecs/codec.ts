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
  /** The format must be able to store the size, see MAX_SIDE. JPEG ignores the picture's alpha: composite first. */
  encode(picture: Picture, format: Format, options?: EncodeOptions): Promise<Uint8Array>;
}

/** Whether to store a picture without colours, in formats that can. An embedded profile is of RGB and needs them. */
export function isStoredGrey({ image, icc }: Picture): boolean {
  return icc === undefined && isGrey(image);
}

/** Whether a JPEG of this quality stores chroma at full resolution (4:4:4): from the quality on where 4:2:0 shows. */
export function jpegHasFullChroma(quality: number): boolean {
  return quality >= 80;
}

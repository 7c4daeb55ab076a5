import { ServiceError } from "../errors.ts";
import { u8 } from "./bytes.ts";

/** Whether both numbers name something: 2 means unspecified, others are reserved. @see ITU-T H.273 tables 2 and 3 */
function isColourSpace(primaries: number, transfer: number): boolean {
  const isNamed = (number: number, last: number) => number === 1 || (number > 3 && number <= last);
  return (isNamed(primaries, 12) || primaries === 22) && isNamed(transfer, 18);
}

/**
 * Reads a PNG's cICP chunk; undefined if it names no colour space or not full range, as viewers ignore it then too.
 *
 * @see PNG (third edition) section 11.3.2.6
 */
export function readCicp(data: Uint8Array): { primaries: number; transfer: number } | undefined {
  if (data.length !== 4 || u8(data, 3) !== 1) return undefined;
  const [primaries, transfer] = [u8(data, 0), u8(data, 1)];
  return isColourSpace(primaries, transfer) ? { primaries, transfer } : undefined;
}

const HIGH_DYNAMIC_RANGE: ReadonlyMap<number, string> = new Map([
  [16, "PQ"],
  [18, "HLG"],
]);

/**
 * @throws {ServiceError} `unsupported_format` for a curve of high dynamic range, which no profile would show as intended.
 * @see ITU-T H.273 table 3
 */
export function checkTransfer(transfer: number | undefined): void {
  const curve = HIGH_DYNAMIC_RANGE.get(transfer ?? 2);
  if (curve === undefined) return;
  throw new ServiceError("unsupported_format", `Expected standard dynamic range for source, got ${curve}`);
}

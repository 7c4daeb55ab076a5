import { ServiceError } from "../errors.ts";
import { u8 } from "./bytes.ts";

/** Whether both numbers name something: 2 leaves it open, others are reserved. @see ITU-T H.273 tables 2 and 3 */
function isColourSpace(primaries: number, transfer: number): boolean {
  const isNamed = (number: number, last: number) => number === 1 || (number > 3 && number <= last);
  return (isNamed(primaries, 12) || primaries === 22) && isNamed(transfer, 18);
}

/**
 * What a PNG's cICP chunk says; undefined where it names no colour space, or less than full range, which viewers look past too.
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
 * @throws {ServiceError} `unsupported_format` for a curve of high dynamic range: no profile would show it as it is meant.
 * @see ITU-T H.273 table 3
 */
export function checkTransfer(transfer: number | undefined): void {
  const curve = HIGH_DYNAMIC_RANGE.get(transfer ?? 2);
  if (curve === undefined) return;
  throw new ServiceError("unsupported_format", `Expected standard dynamic range for source, got ${curve}`);
}

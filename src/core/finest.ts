import type { Rgba } from "./image.ts";

/** The finest detail that pixels can hold, along rows and columns: sums of the squares of so many fourth and as many fifth differences. */
export interface Finest {
  readonly count: number;
  readonly ofFourth: number;
  readonly ofFifth: number;
}

/** A value of a pixel. */
export type Channel = (red: number, green: number, blue: number) => number;

/** Pixels along a row or column: the first, and how far it is from one to the next. */
export interface Line {
  readonly start: number;
  readonly stride: number;
}

/** As many values as the array holds; into it. */
export function readLine(
  values: Float64Array,
  data: Rgba["data"],
  { start, stride }: Line,
  channel: Channel,
): Float64Array {
  for (let i = 0, at = 4 * start; i < values.length; i++, at += 4 * stride) {
    values[i] = channel(data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0);
  }
  return values;
}

/** Of values in a row, which are lost. */
export function finestOf(values: Float64Array): Finest {
  const fourth = differences(differences(differences(differences(values))));
  const asManyAsFifth = fourth.subarray(1);
  const ofFourth = sumOfSquares(asManyAsFifth);
  return { count: asManyAsFifth.length, ofFourth, ofFifth: sumOfSquares(differences(fourth)) };
}

export function sum(parts: readonly Finest[]): Finest {
  let [count, ofFourth, ofFifth] = [0, 0, 0];
  for (const part of parts) {
    count += part.count;
    ofFourth += part.ofFourth;
    ofFifth += part.ofFifth;
  }
  return { count, ofFourth, ofFifth };
}

/** From value to value; in their place. */
function differences(values: Float64Array): Float64Array {
  for (let i = 1; i < values.length; i++) values[i - 1] = (values[i] ?? 0) - (values[i - 1] ?? 0);
  return values.subarray(0, -1);
}

function sumOfSquares(values: Float64Array): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += (values[i] ?? 0) ** 2;
  return total;
}

/** Bytes of an element of the types that our files use, by their names in the format. */
const ELEMENT_BYTES = { F32: 4, I8: 1 } as const;

type Dtype = keyof typeof ELEMENT_BYTES;

export type Tensor =
  | { readonly dtype: "F32"; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: "I8"; readonly shape: readonly number[]; readonly data: Int8Array };

export type Tensors = ReadonlyMap<string, Tensor>;

export interface Safetensors {
  readonly tensors: Tensors;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a safetensors file: 8 bytes of header length (little-endian), a JSON header, the data.
 *
 * @throws {RangeError} if the header does not fit the data.
 * @see https://github.com/huggingface/safetensors#format
 */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  const headerBytes = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  const data = bytes.subarray(8 + headerBytes);
  const header: Record<string, unknown> = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes)));
  const { __metadata__: metadata = {}, ...entries } = header;
  const tensors = new Map(Object.entries(entries).map(([name, entry]) => [name, readTensor(name, entry, data)]));
  // The cast is for JSON; the format has texts only in here.
  return { tensors, metadata: metadata as Safetensors["metadata"] };
}

function readTensor(name: string, entry: unknown, data: Uint8Array): Tensor {
  // The cast only names what is checked below.
  const { dtype, shape, data_offsets } = entry as { dtype: Dtype; shape: number[]; data_offsets: [number, number] };
  const part = data.subarray(...data_offsets);
  const elements = shape.reduce((product, side) => product * side, 1);
  // Of another type the product is no number.
  if (part.length !== elements * ELEMENT_BYTES[dtype]) {
    throw new RangeError(
      `Expected F32 or I8 data of shape [${shape}] for ${name}, got ${part.length} bytes of ${dtype}`,
    );
  }
  // A copy, aligned for its type; `slice` would not copy a Buffer of Node's.
  const { buffer } = Uint8Array.from(part);
  return dtype === "F32"
    ? { dtype, shape, data: new Float32Array(buffer) }
    : { dtype, shape, data: new Int8Array(buffer) };
}

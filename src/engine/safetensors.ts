/** Element types that our files use, by their names in the format. */
const ARRAYS = { F32: Float32Array, I8: Int8Array } as const;

type Dtype = keyof typeof ARRAYS;

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
  // The cast is for JSON: the format allows only strings in the metadata.
  return { tensors, metadata: metadata as Safetensors["metadata"] };
}

function readTensor(name: string, entry: unknown, data: Uint8Array): Tensor {
  // The cast only names what is checked below.
  const { dtype, shape, data_offsets: offsets } = entry as { dtype: Dtype; shape: number[]; data_offsets: number[] };
  const [from = -1, to = -1] = offsets;
  const type = Object.hasOwn(ARRAYS, dtype) ? ARRAYS[dtype] : undefined;
  const elements = shape.reduce((product, side) => product * side, 1);
  if (type === undefined || from < 0 || to > data.length || to - from !== elements * type.BYTES_PER_ELEMENT) {
    throw new RangeError(`Expected F32 or I8 data of shape [${shape}] for ${name}, got ${dtype} at ${from}..${to}`);
  }
  // A copy is aligned for its type; `slice` would not copy a Node Buffer.
  const { buffer } = Uint8Array.from(data.subarray(from, to));
  return dtype === "F32"
    ? { dtype, shape, data: new Float32Array(buffer) }
    : { dtype, shape, data: new Int8Array(buffer) };
}

/** Views over the one buffer that the pointers of {@link Ops} point into. */
export interface Memory {
  readonly f32: Float32Array;
  readonly u8: Uint8Array;
  readonly i8: Int8Array;
}

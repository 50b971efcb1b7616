/** Unsigned LEB128 and zigzag for signed numbers, safe up to 2^53 (no bit operators above 32 bits). */

const int32Max = 2_147_483_647;

export class ByteWriter {
  private bytes = new Uint8Array(64);
  private length = 0;

  byte(value: number): void {
    if (this.length === this.bytes.length) {
      const grown = new Uint8Array(this.bytes.length * 2);
      grown.set(this.bytes);
      this.bytes = grown;
    }
    this.bytes[this.length++] = value;
  }

  unsigned(value: number): void {
    let rest = value;
    while (rest > int32Max) {
      this.byte((rest % 128) + 128);
      rest = Math.floor(rest / 128);
    }
    // Within 32 bits, which times are after two steps, bit operators do the same several times as fast.
    while (rest >= 128) {
      this.byte((rest & 127) | 128);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  signed(value: number): void {
    this.unsigned(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  finish(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

export class ByteReader {
  private readonly bytes: Uint8Array;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  /** @throws RangeError past the end: the row is damaged. */
  byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw new RangeError('a ledger row ends early');
    return value;
  }

  unsigned(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte % 128) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  }

  signed(): number {
    const value = this.unsigned();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}

/**
 * SHA-256 (FIPS 180-4) whose state can be saved, so that another process goes on after bytes that it
 * cannot read. That of the runtime is several times as fast, but keeps its state to itself.
 *
 * @module
 */

/** A digest of bytes that are added one after the other. */
export interface SavableSha256 {
  /** Adds bytes. */
  update(bytes: Uint8Array): void;
  /** The digest of the bytes so far, lower-case hexadecimal. More may be added later. */
  hex(): string;
  /** The state, as text of at most 140 characters. */
  save(): string;
}

/** Bytes that are hashed at once. */
const BLOCK_BYTES = 64;
/** Bytes of the hash value. */
const HASH_BYTES = 32;
/** In a saved state, the hash value is followed by the count of bytes, then by those of an unfinished block. */
const COUNT_BYTES = 8;

const PRIMES = firstPrimes(64);
/** The constants of the 64 rounds (§4.2.2): the fractions of the cube roots of the first primes. */
const ROUNDS = Int32Array.from(PRIMES, (prime) => fractionBits(Math.cbrt(prime)));
/** The hash value of nothing (§5.3.3): the fractions of the square roots of the first primes. */
const BEGIN = PRIMES.slice(0, 8).map((prime) => fractionBits(Math.sqrt(prime)));

/**
 * Begins a digest, or goes on with one that was saved.
 *
 * @throws {TypeError} if the saved state is not one.
 */
export function createSavableSha256(saved?: string): SavableSha256 {
  const hash = Int32Array.from(BEGIN);
  const block = new Uint8Array(BLOCK_BYTES);
  let sizeBytes = saved === undefined ? 0 : restore(saved, hash, block);
  return {
    update(bytes) {
      let at = 0;
      const filled = sizeBytes % BLOCK_BYTES;
      sizeBytes += bytes.length;
      if (filled > 0) {
        at = Math.min(BLOCK_BYTES - filled, bytes.length);
        block.set(bytes.subarray(0, at), filled);
        if (filled + at < BLOCK_BYTES) return;
        addBlocks(hash, block);
      }
      const end = bytes.length - (bytes.length - at) % BLOCK_BYTES;
      addBlocks(hash, bytes.subarray(at, end));
      block.set(bytes.subarray(end));
    },
    hex() {
      const whole = hash.slice();
      addBlocks(whole, paddedEnd(block, sizeBytes));
      return bigEndian(whole).toHex();
    },
    save() {
      const filled = sizeBytes % BLOCK_BYTES;
      const state = new Uint8Array(HASH_BYTES + COUNT_BYTES + filled);
      state.set(bigEndian(hash));
      new DataView(state.buffer).setBigUint64(HASH_BYTES, BigInt(sizeBytes));
      state.set(block.subarray(0, filled), HASH_BYTES + COUNT_BYTES);
      return state.toBase64();
    },
  };
}

/** Puts a saved state in place and returns its count of bytes. */
function restore(saved: string, hash: Int32Array, block: Uint8Array): number {
  const state = Uint8Array.fromBase64(saved);
  const view = new DataView(state.buffer);
  const sizeBytes = state.length < HASH_BYTES + COUNT_BYTES
    ? NaN
    : Number(view.getBigUint64(HASH_BYTES));
  if (state.length !== HASH_BYTES + COUNT_BYTES + sizeBytes % BLOCK_BYTES) {
    throw new TypeError(`Cannot go on with a digest from a state of ${state.length} bytes`);
  }
  hash.forEach((_, word) => hash[word] = view.getInt32(4 * word));
  block.set(state.subarray(HASH_BYTES + COUNT_BYTES));
  return sizeBytes;
}

/** The last one or two blocks (§5.1.1): the rest of the bytes, a bit that is 1, and how many bits there were. */
function paddedEnd(block: Uint8Array, sizeBytes: number): Uint8Array {
  const filled = sizeBytes % BLOCK_BYTES;
  const end = new Uint8Array(filled < BLOCK_BYTES - COUNT_BYTES ? BLOCK_BYTES : 2 * BLOCK_BYTES);
  end.set(block.subarray(0, filled));
  end[filled] = 0x80;
  new DataView(end.buffer).setBigUint64(end.length - COUNT_BYTES, 8n * BigInt(sizeBytes));
  return end;
}

/** Adds whole blocks to a hash value (§6.2.2). Four rounds at once, as that is faster. */
function addBlocks(hash: Int32Array, bytes: Uint8Array): void {
  const words = new Int32Array(BLOCK_BYTES);
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    schedule(words, bytes, at);
    let a = hash[0], b = hash[1], c = hash[2], d = hash[3];
    let e = hash[4], f = hash[5], g = hash[6], h = hash[7];
    for (let round = 0; round < 64; round += 4) {
      let t = h + mixE(e) + (g ^ e & (f ^ g)) + ROUNDS[round] + words[round] | 0;
      d = d + t | 0;
      h = t + mixA(a) + (a & (b ^ c) ^ b & c) | 0;
      t = g + mixE(d) + (f ^ d & (e ^ f)) + ROUNDS[round + 1] + words[round + 1] | 0;
      c = c + t | 0;
      g = t + mixA(h) + (h & (a ^ b) ^ a & b) | 0;
      t = f + mixE(c) + (e ^ c & (d ^ e)) + ROUNDS[round + 2] + words[round + 2] | 0;
      b = b + t | 0;
      f = t + mixA(g) + (g & (h ^ a) ^ h & a) | 0;
      t = e + mixE(b) + (d ^ b & (c ^ d)) + ROUNDS[round + 3] + words[round + 3] | 0;
      const next = a + t | 0;
      // What was E to H is A to D of the next rounds, and the other way round.
      a = t + mixA(f) + (f & (g ^ h) ^ g & h) | 0;
      e = next;
      t = b, b = f, f = t;
      t = c, c = g, g = t;
      t = d, d = h, h = t;
    }
    hash[0] += a;
    hash[1] += b;
    hash[2] += c;
    hash[3] += d;
    hash[4] += e;
    hash[5] += f;
    hash[6] += g;
    hash[7] += h;
  }
}

/** The message schedule of the block that begins at a byte. */
function schedule(words: Int32Array, bytes: Uint8Array, at: number): void {
  for (let word = 0; word < 16; word++, at += 4) {
    words[word] = bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
  }
  for (let word = 16; word < 64; word++) {
    const x = words[word - 15], y = words[word - 2];
    const first = (x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3;
    const second = (y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10;
    words[word] = words[word - 16] + first + words[word - 7] + second;
  }
}

function mixA(a: number): number {
  return (a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10);
}

function mixE(e: number): number {
  return (e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7);
}

function bigEndian(words: Int32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * words.length));
  words.forEach((word, index) => view.setInt32(4 * index, word));
  return new Uint8Array(view.buffer);
}

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let number = 2; primes.length < count; number++) {
    if (primes.every((prime) => number % prime !== 0)) primes.push(number);
  }
  return primes;
}

/** The first 32 bits after the point. */
function fractionBits(value: number): number {
  return (value - Math.floor(value)) * 2 ** 32 | 0;
}

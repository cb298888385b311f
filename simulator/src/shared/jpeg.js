/**
 * A small baseline JPEG encoder (ITU-T T.81): 8-bit RGB in, 4:4:4 out, with the standard tables of its annex K.
 */

const ZIGZAG = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28, 35, 42, 49, 56,
  57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

const LUMINANCE = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62, 18,
  22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];

const CHROMINANCE = [17, 18, 24, 47, 18, 21, 26, 66, 24, 26, 56, 99, 47, 66, 99, 99];

/** The 4×4 corner above; all other coefficients are 99. */
const chrominance = Array.from({ length: 64 }, (_, at) => (at % 8 < 4 && at < 32 ? CHROMINANCE[(at >> 3) * 4 + (at % 8)] : 99));

// Huffman tables: how many codes there are of each length from 1 to 16, then the symbols.
const DC_SYMBOLS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const DC_LUMINANCE = { counts: [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], symbols: DC_SYMBOLS };
const DC_CHROMINANCE = { counts: [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], symbols: DC_SYMBOLS };
const AC_LUMINANCE = {
  counts: [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d],
  symbols: symbolsOf(
    '01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a434445464748494a' +
      '535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6' +
      'c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa',
  ),
};
const AC_CHROMINANCE = {
  counts: [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77],
  symbols: symbolsOf(
    '0001020311040521310612415107617113223281081442 91a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738393a4344454647484' +
      '94a535455565758595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4' +
      'c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa',
  ),
};

/** @param {string} hex */
function symbolsOf(hex) {
  return [...Buffer.from(hex.replaceAll(' ', ''), 'hex')];
}

/** @param {{counts: number[], symbols: number[]}} table */
function huffmanCodes({ counts, symbols }) {
  /** @type {{code: number, length: number}[]} */
  const codes = [];
  let code = 0;
  let next = 0;
  for (const [index, count] of counts.entries()) {
    for (let n = 0; n < count; n++) {
      codes[symbols[next++]] = { code: code++, length: index + 1 };
    }
    code <<= 1;
  }
  return codes;
}

const COSINES = Float32Array.from({ length: 64 }, (_, at) => {
  const [frequency, x] = [at >> 3, at & 7];
  return Math.cos(((2 * x + 1) * frequency * Math.PI) / 16) * (frequency ? 0.5 : Math.SQRT1_2 / 2);
});

/**
 * Two-dimensional DCT of 8×8 samples, in place.
 * @param {Float32Array} block
 * @param {Float32Array} scratch
 */
function transform(block, scratch) {
  for (const [from, to] of [
    [block, scratch],
    [scratch, block],
  ]) {
    // One pass over the rows, written transposed; twice is both directions.
    for (let row = 0; row < 8; row++) {
      for (let frequency = 0; frequency < 8; frequency++) {
        let sum = 0;
        for (let x = 0; x < 8; x++) {
          sum += from[row * 8 + x] * COSINES[frequency * 8 + x];
        }
        to[frequency * 8 + row] = sum;
      }
    }
  }
}

class BitWriter {
  /** @type {number[]} */
  bytes = [];
  #bits = 0;
  #count = 0;

  /**
   * @param {number} value
   * @param {number} length
   */
  write(value, length) {
    for (let at = length - 1; at >= 0; at--) {
      this.#bits = (this.#bits << 1) | ((value >> at) & 1);
      if (++this.#count === 8) {
        this.bytes.push(this.#bits);
        if (this.#bits === 0xff) {
          this.bytes.push(0); // so that no marker appears in the data
        }
        this.#bits = this.#count = 0;
      }
    }
  }

  flush() {
    this.write(0x7f, 7);
  }
}

/**
 * @param {BitWriter} out
 * @param {{code: number, length: number}} prefix
 * @param {number} value
 * @param {number} size  bits of the value
 */
function writeValue(out, prefix, value, size) {
  out.write(prefix.code, prefix.length);
  out.write(value < 0 ? value + (1 << size) - 1 : value, size);
}

const bitLength = (/** @type {number} */ value) => 32 - Math.clz32(Math.abs(value));

/**
 * @param {number} marker
 * @param {number[]} content
 */
const segment = (marker, content) => [0xff, marker, (content.length + 2) >> 8, (content.length + 2) & 255, ...content];

/**
 * @param {Uint8Array} rgb  3 bytes per pixel, row by row
 * @param {number} width
 * @param {number} height
 * @param {number} [quality]  1–99
 * @returns {Buffer}
 */
export function encodeJpeg(rgb, width, height, quality = 82) {
  const factor = (quality < 50 ? 5000 / quality : 200 - 2 * quality) / 100;
  const [lumaQuant, chromaQuant] = [LUMINANCE, chrominance].map((table) =>
    table.map((value) => Math.min(255, Math.max(1, Math.round(value * factor)))),
  );
  const luma = { quant: lumaQuant, dc: huffmanCodes(DC_LUMINANCE), ac: huffmanCodes(AC_LUMINANCE) };
  const chroma = { quant: chromaQuant, dc: huffmanCodes(DC_CHROMINANCE), ac: huffmanCodes(AC_CHROMINANCE) };
  const components = [luma, chroma, chroma];
  const out = new BitWriter();
  const blocks = components.map(() => new Float32Array(64));
  const scratch = new Float32Array(64);
  const previous = [0, 0, 0];
  for (let top = 0; top < height; top += 8) {
    for (let left = 0; left < width; left += 8) {
      readBlock(rgb, width, height, left, top, blocks);
      for (const [index, { quant, dc, ac }] of components.entries()) {
        transform(blocks[index], scratch);
        const values = ZIGZAG.map((at) => Math.round(blocks[index][at] / quant[at]));
        const difference = values[0] - previous[index];
        previous[index] = values[0];
        writeValue(out, dc[bitLength(difference)], difference, bitLength(difference));
        writeAc(out, ac, values);
      }
    }
  }
  out.flush();
  const tables = [DC_LUMINANCE, AC_LUMINANCE, DC_CHROMINANCE, AC_CHROMINANCE];
  const ids = [0x00, 0x10, 0x01, 0x11];
  return Buffer.from([
    ...[0xff, 0xd8],
    ...segment(0xe0, [0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]),
    ...segment(0xdb, [0, ...ZIGZAG.map((at) => lumaQuant[at]), 1, ...ZIGZAG.map((at) => chromaQuant[at])]),
    ...segment(0xc0, [8, height >> 8, height & 255, width >> 8, width & 255, 3, 1, 0x11, 0, 2, 0x11, 1, 3, 0x11, 1]),
    ...tables.flatMap(({ counts, symbols }, index) => segment(0xc4, [ids[index], ...counts, ...symbols])),
    ...segment(0xda, [3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0]),
    ...out.bytes,
    ...[0xff, 0xd9],
  ]);
}

/**
 * 8×8 pixels as Y, Cb and Cr around zero; the picture's edge is repeated.
 * @param {Uint8Array} rgb
 * @param {number} width
 * @param {number} height
 * @param {number} left
 * @param {number} top
 * @param {Float32Array[]} blocks
 */
function readBlock(rgb, width, height, left, top, [luma, blue, red]) {
  for (let at = 0; at < 64; at++) {
    const x = Math.min(width - 1, left + (at & 7));
    const y = Math.min(height - 1, top + (at >> 3));
    const from = (y * width + x) * 3;
    const [r, g, b] = [rgb[from], rgb[from + 1], rgb[from + 2]];
    luma[at] = 0.299 * r + 0.587 * g + 0.114 * b - 128;
    blue[at] = -0.168736 * r - 0.331264 * g + 0.5 * b;
    red[at] = 0.5 * r - 0.418688 * g - 0.081312 * b;
  }
}

/**
 * @param {BitWriter} out
 * @param {{code: number, length: number}[]} codes
 * @param {number[]} values  64 in zigzag order
 */
function writeAc(out, codes, values) {
  let zeros = 0;
  for (let at = 1; at < 64; at++) {
    if (values[at] === 0) {
      zeros++;
      continue;
    }
    for (; zeros > 15; zeros -= 16) {
      out.write(codes[0xf0].code, codes[0xf0].length);
    }
    const size = bitLength(values[at]);
    writeValue(out, codes[(zeros << 4) | size], values[at], size);
    zeros = 0;
  }
  if (zeros > 0) {
    out.write(codes[0].code, codes[0].length);
  }
}

/**
 * A landscape per asset, always the same one: sky, sun, ranges of hills, sometimes a lake.
 */
import { createHash } from 'node:crypto';
import { encodeJpeg } from './jpeg.js';

/** Sky at the top, sky at the horizon, sun, nearest hill. */
const PALETTES = [
  [0x2b5fa8, 0xbfe0f5, 0xfff6d8, 0x1f4d33],
  [0x3a2c6b, 0xff9d6f, 0xffe3a3, 0x241a3a],
  [0x0f2f57, 0xf2b8a0, 0xfff0d0, 0x173043],
  [0x5f93b8, 0xe9f1ee, 0xffffff, 0x3c5a4a],
  [0x101a3a, 0x47608f, 0xf3f5ff, 0x0a1022],
  [0x2f7fae, 0xd9f0dd, 0xfffbe0, 0x5a7a2c],
  [0xa8492f, 0xffd58a, 0xfff4c8, 0x4a2419],
  [0x3b6d7a, 0xf5ddc3, 0xffeedb, 0x22414a],
];
/** Height of the short side in px, as Immich makes thumbnails; the preview is smaller than Immich's, for speed. */
const SHORT_SIDE = { thumbnail: 250, preview: 540 };
const KEPT = 300;

/** @typedef {[number, number, number]} Colour */

/**
 * @param {number} hex
 * @returns {Colour}
 */
const colour = (hex) => [hex >> 16, (hex >> 8) & 255, hex & 255];

/**
 * @param {Colour} from
 * @param {Colour} to
 * @param {number} share  0–1
 * @returns {Colour}
 */
const mix = (from, to, share) => /** @type {Colour} */ (from.map((value, index) => value + (to[index] - value) * share));

/** @type {Map<string, Buffer>} the last ones made, in the order of use */
const kept = new Map();

/**
 * @param {import('./library.js').Asset} asset
 * @param {'thumbnail'|'preview'} size
 * @returns {Buffer} JPEG
 */
export function picture(asset, size) {
  const key = `${asset.id}/${size}`;
  const bytes = kept.get(key) ?? draw(asset, SHORT_SIDE[size]);
  kept.delete(key);
  kept.set(key, bytes);
  if (kept.size > KEPT) {
    kept.delete([...kept.keys()][0]);
  }
  return bytes;
}

/**
 * @param {import('./library.js').Asset} asset
 * @param {number} shortSide  px
 */
function draw(asset, shortSide) {
  const longSide = Math.round((shortSide * 4) / 3);
  const [width, height] = asset.height > asset.width ? [shortSide, longSide] : [longSide, shortSide];
  const random = createHash('sha256').update(`${asset.id}/picture`).digest();
  const share = (/** @type {number} */ index) => random[index] / 255;
  const [top, horizon, sun, ground] = PALETTES[random[0] % PALETTES.length].map(colour);
  const sunX = width * (0.15 + 0.7 * share(1));
  const sunY = height * (0.15 + 0.35 * share(2));
  const sunRadius = shortSide * (0.05 + 0.06 * share(3));
  const layers = 3 + (random[4] % 3);
  const ridges = Array.from({ length: layers }, (_, layer) => ridge(width, height, layer / layers, random, layer));
  const lake = random[5] % 3 === 0 ? height * (0.8 + 0.08 * share(6)) : height;
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      // Below the shore the upper part is mirrored, a little darker.
      const seenY = y > lake ? lake - (y - lake) * 2.2 : y;
      const layer = ridges.findLastIndex((line) => seenY > line[x]);
      let pixel = layer < 0 ? sky(x, seenY) : mix(horizon, ground, ((layer + 1) / layers) ** 1.3);
      if (y > lake) {
        pixel = mix(pixel, top, 0.35 + (y % 5 === 0 ? 0.1 : 0));
      }
      rgb.set(pixel.map(Math.round), (y * width + x) * 3);
    }
  }
  return encodeJpeg(rgb, width, height);

  /**
   * @param {number} x
   * @param {number} y
   */
  function sky(x, y) {
    const blue = mix(top, horizon, Math.max(0, Math.min(1, y / (height * 0.75))));
    const distance = Math.hypot(x - sunX, y - sunY) / sunRadius;
    return distance < 1 ? sun : mix(sun, blue, Math.min(1, 0.55 + 0.12 * distance));
  }
}

/**
 * Heights of a range of hills over the width, far ones higher up.
 * @param {number} width
 * @param {number} height
 * @param {number} nearness  0–1
 * @param {Buffer} random
 * @param {number} layer
 */
function ridge(width, height, nearness, random, layer) {
  const phase = (random[8 + layer * 3] / 255) * 2 * Math.PI;
  const waves = 1.5 + (random[9 + layer * 3] / 255) * 2.5;
  const steepness = 0.05 + (random[10 + layer * 3] / 255) * 0.09;
  return Float32Array.from({ length: width }, (_, x) => {
    const at = (x / width) * waves * 2 * Math.PI + phase;
    const shape = Math.sin(at) + 0.4 * Math.sin(at * 2.7 + phase) + 0.18 * Math.sin(at * 6.1) + 0.07 * Math.sin(at * 15);
    return height * (0.5 + 0.38 * nearness - steepness * shape);
  });
}

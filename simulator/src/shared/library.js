/**
 * A deterministic photo library: asset n of an instance always has the same id, name, size and date.
 *
 * Nothing is held in memory per asset: an id carries its number (a bijection over its last 48 bits), so a
 * library of a million photos costs no more than one of ten.
 */
import { createHash } from 'node:crypto';

const MASK = (1n << 48n) - 1n;
const MULTIPLIER = 0x5deece66dn;

/** Inverse of MULTIPLIER modulo 2^48, by Newton's iteration. */
const INVERSE = (() => {
  let inverse = 1n;
  for (let round = 0; round < 6; round++) {
    inverse = (inverse * (2n - MULTIPLIER * inverse)) & MASK;
  }
  return inverse;
})();

/** @param {string} text */
const sha = (text) => createHash('sha256').update(text).digest();

/** @param {Buffer} bytes 16 of them */
function formatUuid(bytes) {
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = bytes.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const CITIES = [
  ['Lisbon', 'Lisboa', 'Portugal', 38.7223, -9.1393],
  ['Bergen', 'Vestland', 'Norway', 60.3913, 5.3221],
  ['Kyoto', 'Kyoto', 'Japan', 35.0116, 135.7681],
  ['Graz', 'Styria', 'Austria', 47.0707, 15.4395],
  ['Porto', 'Porto', 'Portugal', 41.1579, -8.6291],
  ['Reykjavik', 'Capital Region', 'Iceland', 64.1466, -21.9426],
];

const CAMERAS = [
  ['Apple', 'iPhone 15 Pro'],
  ['Google', 'Pixel 8'],
  ['SONY', 'ILCE-7M4'],
  ['FUJIFILM', 'X-T5'],
];

/**
 * @typedef {object} Asset
 * @property {number} index
 * @property {string} id
 * @property {'IMAGE'|'VIDEO'} type
 * @property {string} originalFileName
 * @property {string} originalPath
 * @property {string} mimeType
 * @property {number} fileSizeInByte
 * @property {Date} takenAt
 * @property {number} width  px
 * @property {number} height  px
 * @property {readonly [string, string, string, number, number]} place  city, state, country, latitude, longitude
 * @property {readonly [string, string]} camera  make, model
 */

export class Library {
  /** @param {string} instance seed of all ids */
  constructor(instance) {
    this.instance = instance;
    this.ownerId = this.id('user', 0);
  }

  /**
   * @param {'asset'|'face'|'person'|'user'|'library'|'key'} kind
   * @param {number} index
   * @returns {string} a version 4 UUID
   */
  id(kind, index) {
    const namespace = sha(`${this.instance}/${kind}`);
    const bytes = Buffer.from(sha(`${this.instance}/${kind}/${index}`).subarray(0, 16));
    const tail = ((BigInt(index) * MULTIPLIER) & MASK) ^ BigInt(namespace.readUIntBE(0, 6));
    bytes.writeUIntBE(Number(tail), 10, 6);
    return formatUuid(bytes);
  }

  /**
   * @param {'asset'|'face'|'person'} kind
   * @param {unknown} id
   * @returns {number | undefined} undefined for ids of another library or kind
   */
  indexOf(kind, id) {
    if (typeof id !== 'string' || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) {
      return undefined;
    }
    const namespace = sha(`${this.instance}/${kind}`);
    const tail = BigInt(`0x${id.slice(-12)}`) ^ BigInt(namespace.readUIntBE(0, 6));
    const index = Number((tail * INVERSE) & MASK);
    return this.id(kind, index) === id ? index : undefined;
  }

  /** @param {number} index */
  isVideo(index) {
    return index % 12 === 7;
  }

  /**
   * @param {number} index
   * @returns {Asset}
   */
  asset(index) {
    const random = sha(`${this.instance}/details/${index}`);
    const video = this.isVideo(index);
    const extension = video ? 'mp4' : random[0] % 3 === 0 ? 'heic' : 'jpg';
    const file = formatUuid(Buffer.from(random.subarray(8, 24)));
    const upright = random[1] % 4 === 0;
    const megabyte = 1024 * 1024;
    return {
      index,
      id: this.id('asset', index),
      type: video ? 'VIDEO' : 'IMAGE',
      originalFileName: `IMG_${String(index + 1).padStart(4, '0')}.${extension}`,
      originalPath: `/data/upload/${this.ownerId}/${file.slice(0, 2)}/${file.slice(2, 4)}/${file}.${extension}`,
      mimeType: { mp4: 'video/mp4', heic: 'image/heic', jpg: 'image/jpeg' }[extension] ?? '',
      fileSizeInByte: video ? 20 * megabyte + random.readUInt32BE(2) % (400 * megabyte) : megabyte + random.readUInt32BE(2) % (7 * megabyte),
      // Two years of photos, 37 minutes apart on average, the newest first in no particular order.
      takenAt: new Date(Date.UTC(2025, 0, 1, 10) + (index % 28000) * 37 * 60_000 + random[6] * 1000),
      width: upright ? 3024 : 4032,
      height: upright ? 4032 : 3024,
      place: /** @type {Asset['place']} */ (/** @type {unknown} */ (CITIES[random[7] % CITIES.length])),
      camera: /** @type {Asset['camera']} */ (/** @type {unknown} */ (CAMERAS[random[24] % CAMERAS.length])),
    };
  }
}

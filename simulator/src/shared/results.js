/**
 * What has been done to which asset: a file with 16 bytes per asset, one per tracked queue (0 missing, 1 done).
 * The worker sets bytes, the supervisor clears them and grows the file; it survives kill -9 like the ledger.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { TRACKED_QUEUES } from './immich.js';

const RECORD = 16;
const DONE = Buffer.from([1]);
const MISSING = Buffer.from([0]);

export class Results {
  #fd;

  /** @param {string} path */
  constructor(path) {
    closeSync(openSync(path, 'a+'));
    this.#fd = openSync(path, 'r+');
  }

  /**
   * @param {string} queue
   * @param {number} index
   */
  #position(queue, index) {
    return index * RECORD + TRACKED_QUEUES.indexOf(/** @type {any} */ (queue));
  }

  /** @param {string} queue */
  isTracked(queue) {
    return TRACKED_QUEUES.includes(/** @type {any} */ (queue));
  }

  /**
   * @param {string} queue
   * @param {number} index
   * @param {boolean} done
   */
  mark(queue, index, done) {
    if (this.isTracked(queue)) {
      writeSync(this.#fd, done ? DONE : MISSING, 0, 1, this.#position(queue, index));
    }
  }

  /**
   * New assets, all done or all missing.
   * @param {number} from
   * @param {number} to  exclusive
   * @param {boolean} done
   */
  fill(from, to, done) {
    const block = Buffer.alloc(RECORD * 4096, done ? 1 : 0);
    for (let index = from; index < to; index += 4096) {
      writeSync(this.#fd, block, 0, Math.min(4096, to - index) * RECORD, index * RECORD);
    }
  }

  /**
   * @param {string} queue
   * @param {number} count  assets in the library
   * @returns {number[]} indexes of the assets that this queue hasn't done
   */
  missing(queue, count) {
    const column = TRACKED_QUEUES.indexOf(/** @type {any} */ (queue));
    const all = Buffer.alloc(count * RECORD);
    readSync(this.#fd, all, 0, all.length, 0);
    const found = [];
    for (let index = 0; index < count; index++) {
      if (all[index * RECORD + column] === 0) {
        found.push(index);
      }
    }
    return found;
  }

  close() {
    closeSync(this.#fd);
  }
}

/**
 * The truth counters: one file of 8-byte cells that survives kill -9.
 *
 * Every cell has exactly one writing process, which holds its value in memory and writes it with one
 * synchronous pwrite. 8 aligned bytes never cross a page, so a SIGKILL leaves a cell either before or
 * after the write, never torn, and what a dead process wrote is in the page cache for the next one.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';

/** Written by the worker, except where a comment says who else. */
export const COLUMNS = /** @type {const} */ ([
  'started', // a handler began, counted before it does anything
  'finished', // a handler ended, however it ended
  'handler_failed', // of those: it threw (BullMQ sees a completed job all the same)
  'skipped', // of those: there was nothing to do
  'hung_now', // promises that never resolve
  'hang_taken', // hangs used up
  'hang_wanted', // supervisor: hangs asked for
  'added', // supervisor: jobs that came into being, its own and those of the other processes
  'deduplicated', // supervisor: adds that Redis swallowed
  'lost', // supervisor: handlers that died with their process
]);

/** @typedef {typeof COLUMNS[number]} Column */

const CELL = 8;

export class Ledger {
  #fd;
  #queues;
  #cache;
  #cell = Buffer.alloc(CELL);

  /**
   * @param {string} path
   * @param {readonly string[]} queues
   */
  constructor(path, queues) {
    this.#queues = new Map(queues.map((name, index) => [name, index]));
    this.#fd = openSync(path, 'a+');
    closeSync(this.#fd);
    this.#fd = openSync(path, 'r+');
    const size = queues.length * COLUMNS.length * CELL;
    if (fstatSync(this.#fd).size < size) {
      ftruncateSync(this.#fd, size);
    }
    this.#cache = new Float64Array(queues.length * COLUMNS.length);
    for (let index = 0; index < this.#cache.length; index++) {
      this.#cache[index] = this.#read(index);
    }
  }

  /**
   * @param {string} queue
   * @param {Column} column
   */
  #index(queue, column) {
    const row = this.#queues.get(queue);
    if (row === undefined) {
      throw new Error(`unknown queue ${queue}`);
    }
    return row * COLUMNS.length + COLUMNS.indexOf(column);
  }

  /** @param {number} index */
  #read(index) {
    readSync(this.#fd, this.#cell, 0, CELL, index * CELL);
    return this.#cell.readDoubleLE(0);
  }

  /**
   * The value in the file, whoever wrote it.
   * @param {string} queue
   * @param {Column} column
   */
  get(queue, column) {
    return this.#read(this.#index(queue, column));
  }

  /**
   * Only for the one process that owns the cell.
   * @param {string} queue
   * @param {Column} column
   * @param {number} value
   */
  set(queue, column, value) {
    const index = this.#index(queue, column);
    this.#cache[index] = value;
    this.#cell.writeDoubleLE(value, 0);
    writeSync(this.#fd, this.#cell, 0, CELL, index * CELL);
  }

  /**
   * Only for the one process that owns the cell.
   * @param {string} queue
   * @param {Column} column
   * @param {number} [by]
   */
  add(queue, column, by = 1) {
    this.set(queue, column, this.#cache[this.#index(queue, column)] + by);
  }

  close() {
    closeSync(this.#fd);
  }
}

/**
 * Promises that never resolve: the job stays active, its lock is renewed and its slot is gone.
 */

/** @typedef {import('../shared/ledger.js').Ledger} Ledger */

export class Hangs {
  #ledger;
  /** @type {{queue: string, settle: () => void}[]} */
  #hung = [];

  /** @param {Ledger} ledger */
  constructor(ledger) {
    this.#ledger = ledger;
  }

  /**
   * Hangs while the supervisor wants hangs of this queue, else returns at once. The wish is read from the
   * ledger, not sent: so the very next job after the request hangs, also in a worker that was just started.
   * @param {string} queue
   * @param {boolean} poisoned  this job hangs every time
   */
  async maybeHang(queue, poisoned) {
    const wanted = this.#ledger.get(queue, 'hang_wanted') > this.#ledger.get(queue, 'hang_taken');
    if (!wanted && !poisoned) {
      return;
    }
    if (wanted) {
      this.#ledger.add(queue, 'hang_taken');
    }
    this.#ledger.add(queue, 'hung_now');
    await new Promise((resolve) => this.#hung.push({ queue, settle: () => resolve(undefined) }));
    this.#ledger.add(queue, 'hung_now', -1);
  }

  /**
   * @param {string | undefined} queue undefined = all
   * @returns {number} promises settled
   */
  release(queue) {
    const released = this.#hung.filter((hung) => !queue || hung.queue === queue);
    this.#hung = this.#hung.filter((hung) => !released.includes(hung));
    for (const { settle } of released) {
      settle();
    }
    return released.length;
  }
}

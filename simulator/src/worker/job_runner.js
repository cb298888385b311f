/**
 * One run of one job, as Immich does it: errors are swallowed, so BullMQ completes every job with null.
 */

/**
 * @typedef {object} Parts
 * @property {import('../shared/ledger.js').Ledger} ledger
 * @property {import('./hangs.js').Hangs} hangs
 * @property {import('../shared/telemetry.js').Telemetry} telemetry
 * @property {import('./handlers.js').Handlers} handlers
 */

export class JobRunner {
  #parts;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /**
   * @param {string} queue
   * @param {import('bullmq').Job} job
   */
  async run(queue, job) {
    const { ledger, hangs, telemetry, handlers } = this.#parts;
    ledger.add(queue, 'started');
    telemetry.jobStarted(queue);
    const began = performance.now();
    /** @type {'success'|'skipped'|'failed'} */
    let outcome = 'failed';
    try {
      await hangs.maybeHang(queue, handlers.isPoison(job.data));
      outcome = await handlers.handle(queue, job.name, job.data);
      if (outcome !== 'failed') {
        await handlers.followUp(job.name, job.data);
      }
    } catch (error) {
      outcome = 'failed';
      handlers.log(job.name, error);
    } finally {
      if (outcome === 'failed') {
        ledger.add(queue, 'handler_failed');
      }
      if (outcome === 'skipped') {
        ledger.add(queue, 'skipped');
      }
      ledger.add(queue, 'finished');
      telemetry.jobEnded(queue, job.name, outcome, performance.now() - began);
    }
  }
}

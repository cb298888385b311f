/**
 * The supervisor: owns the state (Immich's database), the truth counters, the ML host and the two processes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { queueNames } from '../shared/immich.js';
import { COLUMNS, Ledger } from '../shared/ledger.js';
import { Library } from '../shared/library.js';
import { Results } from '../shared/results.js';
import { freePort } from './free_port.js';
import { JobSource } from './job_source.js';
import { MlHost } from './ml_host.js';
import { Processes } from './processes.js';
import { jobsForAll } from './queue_all.js';
import { firstState } from './state.js';

/** @typedef {import('../shared/state.js').State} State */

const CLOSE_MS = 3000;

/** @param {number} ms */
const patience = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Supervisor {
  /** @type {Record<string, Record<import('../shared/ledger.js').Column, number>>} the counters at the last reset */
  #before = {};

  /** @param {import('../options.js').Options} options */
  static async start(options) {
    const { host } = options;
    const port = async (/** @type {number} */ wanted) => wanted || freePort(host);
    const real = {
      ...options,
      port: await port(options.port),
      controlPort: await port(options.controlPort),
      metricsPort: await port(options.metricsPort),
      apiMetricsPort: await port(options.apiMetricsPort),
    };
    const mlHost = new MlHost(host, await port(options.mlPort));
    await mlHost.setMode('on');
    const supervisor = new Supervisor(real, mlHost);
    try {
      await Promise.all([supervisor.processes.start('api'), options.worker ? supervisor.processes.start('worker') : undefined]);
    } catch (error) {
      await supervisor.close();
      throw error;
    }
    return supervisor;
  }

  /**
   * @param {import('../options.js').Options} options  with real ports
   * @param {MlHost} mlHost
   */
  constructor(options, mlHost) {
    this.options = options;
    this.mlHost = mlHost;
    this.folder = mkdtempSync(join(tmpdir(), 'immich-simulator-'));
    // Also when what follows fails.
    process.once('exit', () => rmSync(this.folder, { recursive: true, force: true }));
    this.names = queueNames(options.immich);
    this.ledger = new Ledger(join(this.folder, 'ledger'), this.names);
    this.results = new Results(join(this.folder, 'results'));
    this.results.fill(0, options.assets, true);
    this.library = new Library(options.instance);
    /** @type {State} */
    this.state = firstState(options, mlHost.url);
    this.jobs = new JobSource(options, this.names, this.ledger);
    this.processes = new Processes({
      setup: () => ({
        options,
        state: this.state,
        ledgerPath: join(this.folder, 'ledger'),
        resultsPath: join(this.folder, 'results'),
      }),
      handlers: () => ({
        add: (items) => this.jobs.add(items),
        queueAll: ({ queue, force }) => this.jobs.add(jobsForAll(this, queue, Boolean(force))),
        patch: (patch) => this.patch(patch),
      }),
      onExit: (role) => role === 'worker' && this.#countLost(),
    });
  }

  /** Handlers that died with the worker: started, never to be finished. */
  #countLost() {
    for (const name of this.names) {
      const [started, finished] = [this.ledger.get(name, 'started'), this.ledger.get(name, 'finished')];
      this.ledger.set(name, 'lost', started - finished);
      this.ledger.set(name, 'hung_now', 0); // the writer of this cell is dead
    }
  }

  /**
   * Changes the state, here and in the processes.
   * @param {Partial<State>} patch
   */
  async patch(patch) {
    Object.assign(this.state, patch);
    await this.processes.broadcast('state', patch);
  }

  /**
   * @param {string} name
   * @returns {Record<import('../shared/ledger.js').Column, number>}
   */
  #row(name) {
    return /** @type {any} */ (Object.fromEntries(COLUMNS.map((column) => [column, this.ledger.get(name, column)])));
  }

  /** Jobs whose handler runs now. @param {string} name */
  running(name) {
    const { started, finished, lost } = this.#row(name);
    return started - finished - lost;
  }

  /** Lets all counts begin at zero, without touching cells that belong to the worker. */
  forgetTruth() {
    this.#before = Object.fromEntries(this.names.map((name) => [name, this.#row(name)]));
    this.processes.restarts = { api: 0, worker: 0 };
    this.mlHost.calls = {};
  }

  /** What really happened, per queue and in all. */
  truth() {
    const queues = Object.fromEntries(
      this.names.map((name) => {
        const { hung_now, hang_taken, hang_wanted, ...counts } = this.#row(name);
        const since = Object.entries(counts).map(([column, value]) => [column, value - (this.#before[name]?.[/** @type {keyof counts} */ (column)] ?? 0)]);
        return [name, { ...Object.fromEntries(since), running: this.running(name), hung_now, hangs_left: hang_wanted - hang_taken }];
      }),
    );
    return {
      queues,
      worker_pid: this.processes.pid('worker'),
      api_pid: this.processes.pid('api'),
      restarts: this.processes.restarts,
      ml_mode: this.mlHost.mode,
      ml_calls: this.mlHost.calls,
      maintenance: this.state.maintenance,
      assets: this.state.assets,
    };
  }

  async close() {
    await this.processes.close();
    // Without its Redis a client would wait for ever, and nobody may be left to end this process.
    await Promise.race([Promise.all([this.mlHost.close(), this.jobs.close()]), patience(CLOSE_MS)]);
    this.ledger.close();
    this.results.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

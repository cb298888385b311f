/**
 * The supervisor: owns the state (Immich's database), the truth counters, the ML host and the two processes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { queueNames } from '../shared/immich.js';
import { COLUMNS, Ledger } from '../shared/ledger.js';
import { Library } from '../shared/library.js';
import { Results } from '../shared/results.js';
import { JobSource } from './job_source.js';
import { MlHost } from './ml_host.js';
import { Processes } from './processes.js';
import { jobsForAll } from './queue_all.js';
import { firstState } from './state.js';

/** @typedef {import('../shared/state.js').State} State */

/**
 * @param {string} host
 * @returns {Promise<number>} a port that is free now
 */
function freePort(host) {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, host, () => {
      const { port } = /** @type {net.AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

export class Supervisor {
  /** @param {import('../options.js').Options} options */
  static async start(options) {
    const { host } = options;
    const port = async (/** @type {number} */ wanted) => wanted || freePort(host);
    const real = {
      ...options,
      port: await port(options.port),
      metricsPort: await port(options.metricsPort),
      apiMetricsPort: await port(options.apiMetricsPort),
    };
    const mlHost = new MlHost(host, options.mlPort);
    await mlHost.setMode('on');
    const supervisor = new Supervisor(real, mlHost);
    await Promise.all([supervisor.processes.start('api'), options.worker ? supervisor.processes.start('worker') : undefined]);
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

  /** What really happened, per queue and in all. */
  truth() {
    const queues = Object.fromEntries(
      this.names.map((name) => {
        const row = Object.fromEntries(COLUMNS.map((column) => [column, this.ledger.get(name, column)]));
        const { hang_taken: taken, hang_wanted: wanted, ...rest } = row;
        const running = rest.started - rest.finished - rest.lost;
        return [name, { ...rest, running, hangs_left: wanted - taken }];
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
    await Promise.all([this.mlHost.close(), this.jobs.close()]);
    this.ledger.close();
    this.results.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

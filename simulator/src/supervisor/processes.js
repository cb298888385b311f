/**
 * The API and worker processes: start, kill, and restart them as Immich's own main process does.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { connect } from '../shared/rpc.js';

/** Immich's exit code for "start me again". */
const RESTART_CODE = 7;
/** From the exit of the processes to their new start; with Node's own start-up the API is back in 3.4–4 s. */
const RESTART_MS = 3000;
/** How long a child may take to answer before the supervisor goes on (it may be blocked on purpose). */
const ANSWER_MS = 2000;
const READY_MS = 30_000;

const SCRIPTS = {
  api: fileURLToPath(new URL('../api/main.js', import.meta.url)),
  worker: fileURLToPath(new URL('../worker/main.js', import.meta.url)),
};

/** @typedef {'api'|'worker'} Role */
/** @typedef {{child: import('node:child_process').ChildProcess, rpc: import('../shared/rpc.js').Rpc, ready: Promise<void>, exited: Promise<void>}} Running */

export class Processes {
  #setup;
  #handlers;
  #onExit;
  /** @type {Map<Role, Running>} */
  #running = new Map();
  /** @type {Set<Role>} roles that were up when a restart began */
  #restarting = new Set();
  /** @type {Set<NodeJS.Timeout>} */
  #timers = new Set();
  #closing = false;
  /** Starts per role after the first. */
  restarts = { api: 0, worker: 0 };
  #starts = { api: 0, worker: 0 };

  /**
   * @param {object} parts
   * @param {() => import('../shared/state.js').ChildSetup} parts.setup
   * @param {(role: Role) => Record<string, (params: any) => unknown>} parts.handlers  calls a child may make
   * @param {(role: Role) => void} parts.onExit
   */
  constructor({ setup, handlers, onExit }) {
    this.#setup = setup;
    this.#handlers = handlers;
    this.#onExit = onExit;
  }

  /** @param {Role} role */
  pid(role) {
    return this.#running.get(role)?.child.pid ?? null;
  }

  /**
   * @param {Role} role
   * @returns {Promise<void>} when it is ready
   */
  start(role) {
    const present = this.#running.get(role);
    if (present) {
      return present.ready;
    }
    const child = fork(SCRIPTS[role], [JSON.stringify(this.#setup())], { stdio: ['ignore', 2, 2, 'ipc'] });
    // Both outputs to stderr: stdout is for the one line that the simulator prints.
    /** @type {() => void} */
    let markReady = () => {};
    const ready = withTimeout(
      new Promise((resolve, reject) => {
        markReady = () => resolve(undefined);
        child.once('exit', (code, signal) => reject(new Error(`${role} ended before it was ready (${signal ?? code})`)));
      }),
      READY_MS,
      `${role} process not ready`,
    );
    ready.catch(() => {});
    const rpc = connect(child, { ...this.#handlers(role), ready: () => markReady() });
    const exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#running.delete(role);
        this.#onExit(role);
        resolve(undefined);
        this.#ended(role, code, signal);
      });
    });
    this.#running.set(role, { child, rpc, ready, exited: /** @type {Promise<void>} */ (exited) });
    if (this.#starts[role]++ > 0) {
      this.restarts[role]++;
    }
    return ready;
  }

  /**
   * @param {Role} role
   * @param {number | null} code
   * @param {NodeJS.Signals | null} signal
   */
  #ended(role, code, signal) {
    if (this.#closing) {
      return;
    }
    console.error(`${role} process ended (${signal ?? code})`);
    if (code === RESTART_CODE) {
      this.#restarting.add(role);
    }
    // Only when the last process is out does Immich begin again, with both of them.
    if (this.#restarting.size > 0 && this.#running.size === 0) {
      this.#restarting.clear();
      this.later(RESTART_MS * this.#setup().options.timeScale, () => {
        void this.start('api').catch(logError);
        if (!this.#setup().state.maintenance) {
          void this.start('worker').catch(logError);
        }
      });
    }
  }

  /**
   * @param {number} ms
   * @param {() => void} action  not called once the simulator closes
   */
  later(ms, action) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#closing) {
        action();
      }
    }, ms);
    this.#timers.add(timer);
  }

  /**
   * @param {Role} role
   * @param {NodeJS.Signals} signal
   * @returns {Promise<boolean>} false when it wasn't running
   */
  async end(role, signal) {
    const running = this.#running.get(role);
    if (!running) {
      return false;
    }
    running.child.kill(signal);
    await running.exited;
    return true;
  }

  /**
   * @param {Role} role
   * @param {string} method
   * @param {unknown} [params]
   * @throws {Error} when it isn't running or doesn't answer
   */
  call(role, method, params) {
    const running = this.#running.get(role);
    if (!running) {
      throw new Error(`the ${role} process is not running`);
    }
    return withTimeout(running.rpc.call(method, params), ANSWER_MS, `the ${role} process does not answer`);
  }

  /**
   * Tells all processes; one that is down or blocked learns it later.
   * @param {string} method
   * @param {unknown} params
   */
  async broadcast(method, params) {
    await Promise.allSettled([...this.#running.keys()].map((role) => this.call(role, method, params)));
  }

  async close() {
    this.#closing = true;
    for (const timer of this.#timers) {
      clearTimeout(timer);
    }
    await Promise.all([...this.#running.keys()].map((role) => this.end(role, 'SIGKILL')));
  }
}

/** @param {unknown} error */
const logError = (error) => console.error(error instanceof Error ? error.message : error);

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {number} ms
 * @param {string} message
 * @returns {Promise<T>}
 */
function withTimeout(promise, ms, message) {
  /** @type {NodeJS.Timeout} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), ms);
  });
  return /** @type {Promise<T>} */ (Promise.race([promise, late]).finally(() => clearTimeout(timer)));
}

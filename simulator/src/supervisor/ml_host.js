/**
 * Switches the machine learning host stand-in between its modes.
 */
import { fork } from 'node:child_process';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { connect } from '../shared/rpc.js';

const SCRIPT = fileURLToPath(new URL('../ml/main.js', import.meta.url));
/** Connections that fill the accept queue of a frozen process; the kernel then drops further ones. */
const FILLERS = 8;

export const ML_MODES = ['on', 'off', 'silent', 'slow', 'hanging', 'error500'];

export class MlHost {
  #host;
  /** @type {{child: import('node:child_process').ChildProcess, rpc: import('../shared/rpc.js').Rpc}[]} */
  #processes = [];
  /** @type {net.Socket[]} */
  #fillers = [];
  #mode = 'off';
  #delayMs = 0;
  port;
  /** @type {Record<string, number>} requests per task */
  calls = {};

  /**
   * @param {string} host
   * @param {number} port
   */
  constructor(host, port) {
    this.#host = host;
    this.port = port;
  }

  get mode() {
    return this.#mode;
  }

  get url() {
    return `http://${this.#host}:${this.port}`;
  }

  /**
   * @param {string} mode
   * @param {number} [delayMs]  for slow
   */
  async setMode(mode, delayMs = this.#delayMs || 2000) {
    if (!ML_MODES.includes(mode)) {
      throw new Error(`mode is one of ${ML_MODES.join(', ')}`);
    }
    const answering = (/** @type {string} */ name) => name !== 'off' && name !== 'silent';
    const before = this.#mode;
    this.#mode = mode;
    this.#delayMs = delayMs;
    if (answering(before) && answering(mode)) {
      await this.#processes[0].rpc.call('mode', { mode, delayMs });
      return;
    }
    if (mode === 'silent' && answering(before)) {
      // The old process keeps its open connections, unanswered for ever, but gives the port away.
      await this.#processes[0].rpc.call('freeze');
      this.#processes[0].child.kill('SIGSTOP');
    } else {
      await this.#kill();
    }
    if (mode !== 'off') {
      await this.#start();
    }
  }

  async #start() {
    const settings = { mode: this.#mode, delayMs: this.#delayMs, host: this.#host, port: this.port };
    const child = fork(SCRIPT, [JSON.stringify(settings)], { stdio: ['ignore', 2, 2, 'ipc'] });
    await new Promise((resolve, reject) => {
      child.once('exit', () => reject(new Error('the ML host did not start')));
      const rpc = connect(child, {
        ready: () => resolve(undefined),
        called: (/** @type {{task: string}} */ { task }) => {
          this.calls[task] = (this.calls[task] ?? 0) + 1;
        },
      });
      this.#processes.push({ child, rpc });
    });
    if (this.#mode === 'silent') {
      child.kill('SIGSTOP');
      this.#fillers = Array.from({ length: FILLERS }, () => {
        const socket = net.connect(this.port, this.#host);
        socket.on('error', () => {});
        return socket;
      });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async #kill() {
    for (const socket of this.#fillers) {
      socket.destroy();
    }
    this.#fillers = [];
    await Promise.all(
      this.#processes.map(({ child }) => {
        if (child.exitCode !== null || child.signalCode !== null) {
          return undefined;
        }
        const gone = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        return gone;
      }),
    );
    this.#processes = [];
  }

  async close() {
    this.#mode = 'off';
    await this.#kill();
  }
}

/**
 * Immich's opt-in telemetry: Prometheus text, counters of this process only, gone when it ends.
 */
import http from 'node:http';

/** @param {string} name */
const snake = (name) => name.replace(/(?<!^)([A-Z])/g, '_$1').toLowerCase();

const SCOPE = '{otel_scope_name="nestjs-otel"}';
/** Upper bounds in ms of the run-time histogram. */
const BUCKETS = [0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000];

export class Telemetry {
  #options;
  #role;
  /** @type {http.Server | undefined} */
  #server;
  /** @type {Map<string, {type: 'counter'|'gauge', value: number}>} in the order of their first use, as Immich lists them */
  #metrics = new Map();
  #durations = { count: 0, sum: 0, buckets: BUCKETS.map(() => 0) };

  /**
   * @param {import('../options.js').Options} options
   * @param {'worker'|'api'} role
   */
  constructor(options, role) {
    this.#options = options;
    this.#role = role;
  }

  /** @param {string} queue */
  jobStarted(queue) {
    this.#add(`immich_queues_${snake(queue)}_active`, 'gauge', 1);
  }

  /**
   * @param {string} queue
   * @param {string} job
   * @param {'success'|'skipped'|'failed'} outcome
   * @param {number} ms  how long it ran
   */
  jobEnded(queue, job, outcome, ms) {
    this.#add(`immich_queues_${snake(queue)}_active`, 'gauge', -1);
    this.#add(`immich_jobs_${snake(job)}_${outcome}_total`, 'counter', 1);
    this.#observe(ms);
  }

  /** @param {string} queue */
  queueStarted(queue) {
    this.#add(`immich_queues_${snake(queue)}_started_total`, 'counter', 1);
  }

  /**
   * @param {string} name
   * @param {'counter'|'gauge'} type
   * @param {number} by
   */
  #add(name, type, by) {
    const metric = this.#metrics.get(name) ?? { type, value: 0 };
    metric.value += by;
    this.#metrics.set(name, metric);
  }

  /** @param {number} ms */
  #observe(ms) {
    this.#durations.count++;
    this.#durations.sum += ms;
    for (const [index, bound] of BUCKETS.entries()) {
      if (ms <= bound) {
        this.#durations.buckets[index]++;
      }
    }
  }

  /** @returns {string} */
  text() {
    const executable = this.#role === 'worker' ? 'immich' : 'immich-api';
    const lines = [
      '# HELP target_info Target metadata',
      '# TYPE target_info gauge',
      `target_info{process_pid="${process.pid}",process_executable_name="${executable}",process_runtime_name="nodejs",` +
        `service_name="immich",service_version="${this.#options.immich}"} 1`,
    ];
    if (this.#role === 'worker' && this.#durations.count > 0) {
      lines.push(...this.#histogram());
    }
    for (const [name, { type, value }] of this.#metrics) {
      lines.push(`# HELP ${name} description missing`, `# TYPE ${name} ${type}`, `${name}${SCOPE} ${value}`);
    }
    return `${lines.join('\n')}\n`;
  }

  #histogram() {
    const name = 'immich_job_repository_run_duration';
    const { count, sum, buckets } = this.#durations;
    const bucket = (/** @type {number | string} */ bound, /** @type {number} */ value) =>
      `${name}_bucket{otel_scope_name="nestjs-otel",le="${bound}"} ${value}`;
    return [
      `# HELP ${name} The elapsed time in ms for the Job Repository to run`,
      `# UNIT ${name} ms`,
      `# TYPE ${name} histogram`,
      `${name}_count${SCOPE} ${count}`,
      `${name}_sum${SCOPE} ${sum}`,
      ...BUCKETS.map((bound, index) => bucket(bound, buckets[index])),
      bucket('+Inf', count),
    ];
  }

  /**
   * Opens or closes the endpoint.
   * @param {boolean} on
   */
  async listen(on) {
    if (on && !this.#server) {
      const { host, metricsPort, apiMetricsPort } = this.#options;
      this.#server = http.createServer((request, response) => {
        const found = request.url === '/metrics';
        response.writeHead(found ? 200 : 404, { 'content-type': 'text/plain; charset=utf-8' });
        response.end(found ? this.text() : '');
      });
      const server = this.#server;
      const port = this.#role === 'worker' ? metricsPort : apiMetricsPort;
      await new Promise((resolve, reject) => server.once('error', reject).listen(port, host, () => resolve(undefined)));
    }
    if (!on && this.#server) {
      const server = this.#server;
      this.#server = undefined;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }
}

/**
 * Command line of the simulator.
 */
import { parseArgs } from 'node:util';

export const USAGE = `Usage: node simulator/src/main.js --redis URL [options]

  --redis URL            redis://, rediss://, unix:///path or redis+sentinel://host:port,host:port/service
  --redis-ca FILE        CA certificate (PEM) for rediss://
  --prefix NAME          key prefix (default immich_bull)
  --host ADDRESS         where to listen (default 127.0.0.1)
  --port N               Immich API (default 2283; 0 = any free port, also for the ports below)
  --control-port N       control API (default 2284)
  --ml-port N            machine learning host (default 3003)
  --metrics-port N       worker telemetry (default 8082)
  --api-metrics-port N   API telemetry (default 8081)
  --bullmq VERSION       5.80 (default), 5.51 or 6
  --immich VERSION       3.1.0 (default) or 2.7.5
  --assets N             size of the library (default 5000)
  --instance NAME        seed of all ids, so that two simulators differ (default immich)
  --api-key KEY          key of the administrator (default: a random one)
  --time-scale X         factor on restart times and ML time-outs (default 1)
  --lock-duration MS     BullMQ lock duration (default 30000, as Immich)
  --stalled-interval MS  BullMQ stalled check interval (default 30000, as Immich)
  --no-worker            start without the microservices worker
  --no-telemetry         start without the telemetry endpoints
  --ignore-stdin         do not exit when stdin closes
  --help`;

/**
 * @typedef {object} Options
 * @property {string} redis
 * @property {string} redisCa  path of a PEM file or ''
 * @property {string} prefix
 * @property {string} host
 * @property {number} port
 * @property {number} controlPort
 * @property {number} mlPort
 * @property {number} metricsPort
 * @property {number} apiMetricsPort
 * @property {'5.80'|'5.51'|'6'} bullmq
 * @property {'3.1.0'|'2.7.5'} immich
 * @property {number} assets
 * @property {string} instance
 * @property {string} apiKey  '' = random
 * @property {number} timeScale
 * @property {number} lockDuration  ms
 * @property {number} stalledInterval  ms
 * @property {boolean} worker
 * @property {boolean} telemetry
 * @property {boolean} ignoreStdin
 */

const DEFAULTS = {
  'redis-ca': '',
  prefix: 'immich_bull',
  host: '127.0.0.1',
  port: '2283',
  'control-port': '2284',
  'ml-port': '3003',
  'metrics-port': '8082',
  'api-metrics-port': '8081',
  bullmq: '5.80',
  immich: '3.1.0',
  assets: '5000',
  instance: 'immich',
  'api-key': '',
  'time-scale': '1',
  'lock-duration': '30000',
  'stalled-interval': '30000',
};

/**
 * @param {string} name
 * @param {string} text
 * @param {number} minimum
 */
function asNumber(name, text, minimum) {
  const value = Number(text);
  if (!Number.isFinite(value) || value < minimum) {
    throw new Error(`--${name} needs a number of at least ${minimum}, not "${text}"`);
  }
  return value;
}

/**
 * @template {string} T
 * @param {string} name
 * @param {string} text
 * @param {readonly T[]} choices
 * @returns {T}
 */
function asChoice(name, text, choices) {
  const found = choices.find((choice) => choice === text);
  if (!found) {
    throw new Error(`--${name} is one of ${choices.join(', ')}, not "${text}"`);
  }
  return found;
}

/**
 * @param {string[]} argv
 * @returns {Options | undefined} undefined when only help is wanted
 * @throws {Error} with a message for the user
 */
export function parseOptions(argv) {
  const { values } = parseArgs({
    args: argv,
    allowPositionals: false,
    options: {
      ...Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, { type: /** @type {const} */ ('string') }])),
      redis: { type: 'string' },
      'no-worker': { type: 'boolean' },
      'no-telemetry': { type: 'boolean' },
      'ignore-stdin': { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    return undefined;
  }
  if (!values.redis) {
    throw new Error('--redis is needed');
  }
  const text = /** @type {Record<string, string>} */ (/** @type {unknown} */ ({ ...DEFAULTS, ...values }));
  return {
    redis: text.redis,
    redisCa: text['redis-ca'],
    prefix: text.prefix,
    host: text.host,
    port: asNumber('port', text.port, 0),
    controlPort: asNumber('control-port', text['control-port'], 0),
    mlPort: asNumber('ml-port', text['ml-port'], 0),
    metricsPort: asNumber('metrics-port', text['metrics-port'], 0),
    apiMetricsPort: asNumber('api-metrics-port', text['api-metrics-port'], 0),
    bullmq: asChoice('bullmq', text.bullmq, ['5.80', '5.51', '6']),
    immich: asChoice('immich', text.immich, ['3.1.0', '2.7.5']),
    assets: asNumber('assets', text.assets, 1),
    instance: text.instance,
    apiKey: text['api-key'],
    timeScale: asNumber('time-scale', text['time-scale'], 0),
    lockDuration: asNumber('lock-duration', text['lock-duration'], 1),
    stalledInterval: asNumber('stalled-interval', text['stalled-interval'], 1),
    worker: !values['no-worker'],
    telemetry: !values['no-telemetry'],
    ignoreStdin: Boolean(values['ignore-stdin']),
  };
}

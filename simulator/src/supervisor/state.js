/**
 * The first state of a simulator: its configuration, its users and keys, its speeds.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { KINDS, queueNames } from '../shared/immich.js';

/** How much a job's time varies: ms × (1 ± jitter). */
const JITTER = 0.3;

/**
 * Immich's default system configuration.
 * @param {string} immich version
 * @param {string} mlUrl
 */
export function defaultConfig(immich, mlUrl) {
  const config = JSON.parse(readFileSync(new URL('../../data/system-config.json', import.meta.url), 'utf8'));
  config.machineLearning.urls = [mlUrl];
  if (immich === '2.7.5') {
    delete config.integrityChecks;
    delete config.job.integrityCheck;
    delete config.ffmpeg.realtime;
  }
  return config;
}

/**
 * @param {object} wish
 * @param {string} [wish.key]  default: random
 * @param {string} wish.name
 * @param {string[]} wish.permissions
 * @param {boolean} wish.admin
 * @returns {import('../shared/state.js').Account}
 */
export function newAccount({ key, name, permissions, admin }) {
  const secret = key || randomBytes(32).toString('base64url');
  const hex = createHash('sha256').update(secret).digest('hex');
  return {
    key: secret,
    keyId: `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`,
    keyName: name,
    permissions,
    createdAt: new Date().toISOString(),
    admin,
  };
}

/**
 * @param {import('../options.js').Options} options
 * @param {string} mlUrl
 * @returns {import('../shared/state.js').State}
 */
export function firstState(options, mlUrl) {
  const speed = Object.fromEntries(
    queueNames(options.immich).map((name) => [name, { ms: KINDS[name].ms, jitter: JITTER }]),
  );
  return {
    config: defaultConfig(options.immich, mlUrl),
    configFile: false,
    accounts: [newAccount({ key: options.apiKey, name: 'ha-all', permissions: ['all'], admin: true })],
    speed,
    poison: [],
    assets: options.assets,
    deleted: [],
    postgresUp: true,
    telemetry: options.telemetry,
    apiMode: 'normal',
    maintenance: false,
    maintenanceSecret: randomBytes(32).toString('hex'),
  };
}

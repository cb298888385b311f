/**
 * What the control API can do. Every command takes the JSON body and returns what goes beside `ok: true`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { KINDS } from '../shared/immich.js';
import { libraryData } from './queue_all.js';
import { newAccount } from './state.js';

/** @typedef {import('./supervisor.js').Supervisor} Supervisor */
/** @typedef {(supervisor: Supervisor, body: any) => unknown} Command */

const API_MODES = ['normal', '500', 'hang', 'garbage', 'down'];
/** How long a reset waits for jobs that still run. */
const SETTLE_MS = 5000;
const MEGABYTE = 1024 * 1024;

/**
 * @param {boolean} condition
 * @param {string} message
 */
function need(condition, message) {
  if (!condition) {
    throw new Error(message);
  }
}

/**
 * @param {Supervisor} supervisor
 * @param {unknown} queue
 * @param {boolean} [all]  "all" is allowed
 * @returns {string[]}
 */
function queues(supervisor, queue, all = false) {
  if (all && (queue === 'all' || queue === undefined)) {
    return supervisor.names;
  }
  need(supervisor.names.includes(/** @type {any} */ (queue)), `unknown queue ${queue}`);
  return [String(queue)];
}

/** @type {Map<string, number>} next item of a queue, so that jobs go through the library in turn */
const cursors = new Map();

/**
 * Data of the next job of a queue, as Immich would write it.
 * @param {Supervisor} supervisor
 * @param {string} queue
 */
function nextData(supervisor, queue) {
  const { library, state, results } = supervisor;
  const kind = KINDS[/** @type {keyof typeof KINDS} */ (queue)];
  let index = cursors.get(queue) ?? 0;
  while (kind.target === 'video' && !library.isVideo(index % state.assets) && state.assets > 7) {
    index++;
  }
  cursors.set(queue, index + 1);
  index %= state.assets;
  switch (kind.target) {
    case 'asset':
    case 'video':
    case 'face':
      // A job for an item means that it isn't done yet: so "missing" finds what was burnt.
      results.mark(queue, index, false);
      return queue === 'workflow'
        ? { assetId: library.id('asset', index) }
        : { id: library.id(kind.target === 'face' ? 'face' : 'asset', index) };
    case 'library':
      return libraryData(library, index);
    case 'user':
      return { id: library.ownerId };
    default:
      return {};
  }
}

/**
 * @param {Supervisor} supervisor
 * @param {any} body {queue, count?, name?, data?, priority?, delay?, dedup?, jobId?, bad?}
 */
async function addJobs(supervisor, body) {
  const [queue] = queues(supervisor, body.queue);
  const { count = 1, priority, delay, dedup, bad, jobId } = body;
  need(Number.isInteger(count) && count > 0, 'count is a whole number above 0');
  const name = body.name ?? KINDS[/** @type {keyof typeof KINDS} */ (queue)].job;
  if (bad === 'non-json' || bad === 'binary') {
    const content = bad === 'binary' ? Buffer.from([0x00, 0xff, 0xfe, 0x80, 0x22, 0x7b]) : '{"id": not json';
    const ids = [];
    for (let index = 0; index < count; index++) {
      ids.push(await supervisor.jobs.addSpoilt(queue, content));
    }
    return { ids };
  }
  need(bad === undefined || bad === 'huge', 'bad is non-json, huge or binary');
  const options = {
    ...(priority !== undefined && { priority }),
    ...(delay !== undefined && { delay }),
    ...(jobId !== undefined && { jobId }),
    ...(dedup !== undefined && { deduplication: { id: dedup } }),
  };
  const items = Array.from({ length: count }, () => ({
    name,
    queue,
    data: { ...nextData(supervisor, queue), ...body.data, ...(bad === 'huge' && { payload: 'x'.repeat(MEGABYTE) }) },
    options,
  }));
  return { ids: await supervisor.jobs.add(items) };
}

/**
 * New photos: the library grows, and each goes through the whole pipeline.
 * @param {Supervisor} supervisor
 * @param {any} body {count}
 */
async function upload(supervisor, { count = 1 }) {
  need(Number.isInteger(count) && count > 0, 'count is a whole number above 0');
  const first = supervisor.state.assets;
  supervisor.results.fill(first, first + count, false);
  await supervisor.patch({ assets: first + count });
  const ids = Array.from({ length: count }, (_, offset) => supervisor.library.id('asset', first + offset));
  await supervisor.jobs.add(ids.map((id) => ({ name: 'AssetExtractMetadata', data: { id, source: 'upload' } })));
  return { asset_ids: ids };
}

/**
 * @param {Supervisor} supervisor
 * @param {any} body {queue|"all", ms, jitter?}
 */
async function speed(supervisor, { queue, ms, jitter = 0 }) {
  need(Number.isFinite(ms) && ms >= 0, 'ms is a number of at least 0');
  const changed = Object.fromEntries(queues(supervisor, queue, true).map((name) => [name, { ms, jitter }]));
  await supervisor.patch({ speed: { ...supervisor.state.speed, ...changed } });
}

/**
 * @param {Supervisor} supervisor
 * @param {any} body {queue, count} or {ids: data.id of poison jobs}
 */
async function hang(supervisor, { queue, count = 1, ids }) {
  if (ids !== undefined) {
    need(Array.isArray(ids), 'ids is a list');
    await supervisor.patch({ poison: ids });
    return;
  }
  const [name] = queues(supervisor, queue);
  need(Number.isInteger(count) && count > 0, 'count is a whole number above 0');
  supervisor.ledger.set(name, 'hang_wanted', Math.max(supervisor.ledger.get(name, 'hang_wanted'), supervisor.ledger.get(name, 'hang_taken')) + count);
}

/**
 * @param {Supervisor} supervisor
 * @param {any} body {queue?}
 */
async function unhang(supervisor, { queue }) {
  for (const name of queues(supervisor, queue, true)) {
    supervisor.ledger.set(name, 'hang_wanted', supervisor.ledger.get(name, 'hang_taken'));
  }
  await supervisor.patch({ poison: [] });
  return { settled: await supervisor.processes.call('worker', 'unhang', { queue: queue === 'all' ? undefined : queue }) };
}

/**
 * @param {Supervisor} supervisor
 * @param {any} body {action: kill|stop|start, restart?, after_ms?}
 */
async function worker(supervisor, { action, restart = false, after_ms: afterMs = 0 }) {
  const { processes } = supervisor;
  need(['kill', 'stop', 'start'].includes(action), 'action is kill, stop or start');
  if (action === 'start') {
    await processes.start('worker');
  } else {
    need(await processes.end('worker', action === 'kill' ? 'SIGKILL' : 'SIGTERM'), 'the worker is not running');
    if (restart && afterMs > 0) {
      processes.later(afterMs, () => void processes.start('worker').catch((error) => console.error(error.message)));
    } else if (restart) {
      await processes.start('worker');
    }
  }
  return { pid: processes.pid('worker') };
}

/**
 * @param {Supervisor} supervisor
 * @param {any} body {permissions, admin}
 */
async function keys(supervisor, { permissions = ['all'], admin = true, name = 'key', revoke }) {
  if (revoke !== undefined) {
    await supervisor.patch({ accounts: supervisor.state.accounts.filter(({ key }) => key !== revoke) });
    return undefined;
  }
  need(Array.isArray(permissions), 'permissions is a list');
  const account = newAccount({ name, permissions, admin });
  await supervisor.patch({ accounts: [...supervisor.state.accounts, account] });
  return { key: account.key, user_id: supervisor.library.id('user', admin ? 0 : 1) };
}

/**
 * Takes the active jobs out of Redis behind the worker's back; their slots stay taken.
 * @param {Supervisor} supervisor
 * @param {any} body {queue}
 */
async function forgetActive(supervisor, { queue }) {
  const [name] = queues(supervisor, queue);
  return { ids: await supervisor.jobs.forgetActive(name) };
}

/**
 * @param {Supervisor} supervisor
 * @param {any} body {queue|"all"}
 */
async function reset(supervisor, { queue }) {
  for (const name of queues(supervisor, queue, true)) {
    const bull = supervisor.jobs.queue(name);
    await bull.pause();
    await bull.obliterate({ force: true });
    // It takes the version away too, which a Queue writes only when it is made.
    const client = await bull.client;
    await client.hset(bull.keys.meta, /** @type {any} */ (bull).metaValues);
    await bull.resume();
  }
  await unhangQuietly(supervisor);
  for (let waited = 0; waited < SETTLE_MS && supervisor.names.some((name) => supervisor.running(name) > 0); waited += 50) {
    await sleep(50);
  }
  cursors.clear();
  supervisor.results.fill(0, supervisor.state.assets, true);
  supervisor.forgetTruth();
}

/** @param {Supervisor} supervisor */
async function unhangQuietly(supervisor) {
  if (supervisor.processes.pid('worker')) {
    await unhang(supervisor, {});
  }
}

/** @type {Record<string, Command>} */
export const COMMANDS = {
  'GET /truth': (supervisor) => supervisor.truth(),
  'GET /state': ({ state, options }) => ({ state: { ...state, maintenanceSecret: undefined }, options }),
  'POST /jobs': addJobs,
  'POST /upload': upload,
  'POST /speed': speed,
  'POST /hang': hang,
  'POST /unhang': unhang,
  'POST /block': (supervisor, { seconds }) => {
    need(Number.isFinite(seconds) && seconds > 0, 'seconds is a number above 0');
    return supervisor.processes.call('worker', 'block', { seconds });
  },
  'POST /worker': worker,
  'POST /ml': async ({ mlHost }, { mode, delay_ms: delayMs }) => {
    await mlHost.setMode(mode, delayMs);
    return { url: mlHost.url };
  },
  'POST /postgres': (supervisor, { up }) => supervisor.patch({ postgresUp: Boolean(up) }),
  'POST /api': (supervisor, { mode }) => {
    need(API_MODES.includes(mode), `mode is one of ${API_MODES.join(', ')}`);
    return supervisor.patch({ apiMode: mode });
  },
  'POST /keys': keys,
  'POST /telemetry': (supervisor, { on }) => supervisor.patch({ telemetry: Boolean(on) }),
  'POST /config_file': (supervisor, { on }) => supervisor.patch({ configFile: Boolean(on) }),
  'POST /maintenance': (supervisor, { on }) => supervisor.processes.call('api', 'maintenance', { on: Boolean(on) }),
  'POST /pause': async (supervisor, { queue }) => {
    await Promise.all(queues(supervisor, queue, true).map((name) => supervisor.jobs.queue(name).pause()));
  },
  'POST /resume': async (supervisor, { queue }) => {
    await Promise.all(queues(supervisor, queue, true).map((name) => supervisor.jobs.queue(name).resume()));
  },
  'POST /drain': async (supervisor, { queue }) => {
    await Promise.all(queues(supervisor, queue, true).map((name) => supervisor.jobs.queue(name).drain()));
  },
  'POST /assets': async (supervisor, { delete: deleted = [] }) => {
    const indexes = deleted.map((/** @type {string} */ id) => supervisor.library.indexOf('asset', id));
    need(!indexes.includes(undefined), 'an id is not of this library');
    await supervisor.patch({ deleted: [...supervisor.state.deleted, ...indexes] });
  },
  'GET /assets': ({ library, state }) => ({
    ids: Array.from({ length: Math.min(state.assets, 1000) }, (_, index) => library.id('asset', index)),
  }),
  'POST /forget_active': forgetActive,
  'POST /reset': reset,
};

/**
 * The queues API (Immich ≥ 2.4) on real BullMQ queues.
 */
import { HttpError, ValidationError, wrongOption, wrongType } from './errors.js';

/** @typedef {import('./main.js').Context} Context */

const STATUSES = ['active', 'failed', 'completed', 'delayed', 'waiting', 'paused'];
/** Highest index that Immich asks BullMQ for, per state. */
const LAST_LISTED = 1000;
/** Failed jobs removed by one clear. */
const CLEAN_LIMIT = 1000;

/**
 * @param {Context} context
 * @param {string} name
 * @returns {import('bullmq').Queue}
 * @throws {ValidationError} for an unknown queue
 */
export function findQueue({ queues, names }, name) {
  const queue = queues.get(/** @type {any} */ (name));
  if (!queue) {
    throw new ValidationError([wrongOption(names, 'name')]);
  }
  return queue;
}

/** @param {import('bullmq').Queue} queue */
export async function describeQueue(queue) {
  const [statistics, isPaused] = await Promise.all([
    queue.getJobCounts('active', 'completed', 'failed', 'delayed', 'waiting', 'paused'),
    queue.isPaused(),
  ]);
  return { name: queue.name, isPaused, statistics };
}

/** @param {import('bullmq').Queue} queue */
export const clearFailed = (queue) => queue.clean(0, CLEAN_LIMIT, 'failed');

/**
 * 3.x takes only a repeated `status`: a single one is an error, and `status[]` is another parameter that nobody reads.
 * 2.x takes a single one too.
 * @param {Context} context
 * @param {URLSearchParams} query
 */
function statusFilter({ options }, query) {
  const wanted = query.getAll('status');
  if (wanted.length === 0) {
    return STATUSES;
  }
  if (wanted.length === 1 && options.immich !== '2.7.5') {
    throw new ValidationError([wrongType('array', wanted[0], ['status'])]);
  }
  if (!wanted.every((status) => STATUSES.includes(status))) {
    const issue = wrongOption(STATUSES, 'status');
    issue.path = ['status', wanted.findIndex((status) => !STATUSES.includes(status))];
    issue.legacy = `each value in status must be one of the following values: ${STATUSES.join(', ')}`;
    throw new ValidationError([issue]);
  }
  return wanted;
}

/** @type {import('./http_server.js').Route[]} */
export const queueRoutes = [
  {
    method: 'GET',
    path: '/api/queues',
    permission: 'queue.read',
    admin: true,
    handle: async (_, { queues }) => ({ json: await Promise.all([...queues.values()].map(describeQueue)) }),
  },
  {
    method: 'GET',
    path: '/api/queues/{name}',
    permission: 'queue.read',
    admin: true,
    handle: async ({ params }, context) => ({ json: await describeQueue(findQueue(context, params.name)) }),
  },
  {
    method: 'PUT',
    path: '/api/queues/{name}',
    permission: 'queue.update',
    admin: true,
    handle: async ({ params, body }, context) => {
      const queue = findQueue(context, params.name);
      const wish = body?.isPaused;
      if (wish !== undefined && typeof wish !== 'boolean') {
        throw new ValidationError([wrongType('boolean', wish, ['isPaused'], 'isPaused must be a boolean value')]);
      }
      if (wish === true) {
        if (queue.name === 'backgroundTask') {
          throw new HttpError(400, 'The BackgroundTask queue cannot be paused');
        }
        await queue.pause();
      }
      if (wish === false) {
        await queue.resume();
      }
      return { json: await describeQueue(queue) };
    },
  },
  {
    method: 'GET',
    path: '/api/queues/{name}/jobs',
    permission: 'queueJob.read',
    admin: true,
    handle: async ({ params, query }, context) => {
      const queue = findQueue(context, params.name);
      const statuses = /** @type {import('bullmq').JobType[]} */ (statusFilter(context, query));
      const jobs = await queue.getJobs(statuses, 0, LAST_LISTED);
      return { json: jobs.map(({ id, name, timestamp, data }) => ({ id, name, timestamp, data })) };
    },
  },
  {
    method: 'DELETE',
    path: '/api/queues/{name}/jobs',
    permission: 'queueJob.delete',
    admin: true,
    handle: async ({ params, body }, context) => {
      const queue = findQueue(context, params.name);
      if (body === undefined && context.options.immich !== '2.7.5') {
        throw new ValidationError([wrongType('object', undefined, [])]);
      }
      await queue.drain();
      if (body?.failed) {
        await clearFailed(queue);
      }
      return { status: 204 };
    },
  },
];

/**
 * The legacy jobs API: the only way to start a queue.
 */
import { KINDS, MANUAL_JOBS } from '../shared/immich.js';
import { HttpError, ValidationError, wrongOption, wrongType } from './errors.js';
import { clearFailed, describeQueue, findQueue } from './queue_routes.js';

const COMMANDS = ['start', 'pause', 'resume', 'empty', 'clear-failed'];

/** @param {import('bullmq').Queue} queue */
async function describeLegacy(queue) {
  const { isPaused, statistics } = await describeQueue(queue);
  return { queueStatus: { isPaused, isActive: statistics.active > 0 }, jobCounts: statistics };
}

/**
 * @param {import('bullmq').Queue} queue
 * @param {boolean | undefined} force
 * @param {import('./main.js').Context} context
 */
async function start(queue, force, { add, telemetry }) {
  if ((await queue.getActiveCount()) > 0) {
    throw new HttpError(400, 'Job is already running');
  }
  telemetry.queueStarted(queue.name);
  const name = KINDS[/** @type {keyof typeof KINDS} */ (queue.name)].queueAll;
  if (!name) {
    throw new HttpError(400, `Invalid job name: ${queue.name}`);
  }
  await add([{ name, data: force === undefined ? {} : { force } }]);
}

/** @type {import('./http_server.js').Route[]} */
export const jobRoutes = [
  {
    method: 'GET',
    path: '/api/jobs',
    permission: 'job.read',
    admin: true,
    handle: async (_, { queues }) => {
      const entries = await Promise.all([...queues.values()].map(async (queue) => [queue.name, await describeLegacy(queue)]));
      return { json: Object.fromEntries(entries) };
    },
  },
  {
    method: 'POST',
    path: '/api/jobs',
    permission: 'job.create',
    admin: true,
    handle: async ({ body }, { add, options }) => {
      const names = Object.keys(MANUAL_JOBS).filter((name) => options.immich !== '2.7.5' || !name.startsWith('integrity'));
      if (!names.includes(body?.name)) {
        throw new ValidationError([wrongOption(names, 'name')]);
      }
      await add([{ name: MANUAL_JOBS[/** @type {keyof typeof MANUAL_JOBS} */ (body.name)], data: {} }]);
      return { status: 204 };
    },
  },
  {
    method: 'PUT',
    path: '/api/jobs/{name}',
    permission: 'job.create',
    admin: true,
    handle: async ({ params, body }, context) => {
      const queue = findQueue(context, params.name);
      if (!COMMANDS.includes(body?.command)) {
        throw new ValidationError([wrongOption(COMMANDS, 'command')]);
      }
      if (body.force !== undefined && typeof body.force !== 'boolean') {
        throw new ValidationError([wrongType('boolean', body.force, ['force'], 'force must be a boolean value')]);
      }
      switch (body.command) {
        case 'start':
          await start(queue, body.force, context);
          break;
        case 'pause':
          await queue.pause();
          break;
        case 'resume':
          await queue.resume();
          break;
        case 'empty':
          await queue.drain();
          break;
        default:
          await clearFailed(queue);
      }
      return { json: await describeLegacy(queue) };
    },
  },
];

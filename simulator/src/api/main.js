/**
 * The API process. In maintenance mode it is started again with other routes, as Immich does.
 */
import IORedis from 'ioredis';
import { loadBullmq, DEFAULT_JOB_OPTIONS } from '../shared/bullmq.js';
import { queueNames } from '../shared/immich.js';
import { Library } from '../shared/library.js';
import { MachineLearning } from '../shared/machine_learning.js';
import { redisOptions } from '../shared/redis.js';
import { listenForRestart, publishRestart } from '../shared/restart_channel.js';
import { connect } from '../shared/rpc.js';
import { Telemetry } from '../shared/telemetry.js';
import { ApiServer } from './http_server.js';
import { maintenanceRoutes } from './maintenance.js';
import { routes } from './routes.js';

/** @type {import('../shared/state.js').ChildSetup} */
const { options, state } = JSON.parse(process.argv[2]);
const { Queue } = loadBullmq(options.bullmq);
const connection = redisOptions(options.redis, options.redisCa);
const telemetry = new Telemetry(options, 'api');

const rpc = connect(process, {
  state: async (/** @type {Partial<typeof state>} */ patch) => {
    Object.assign(state, patch);
    await telemetry.listen(state.telemetry);
    await server.applyMode();
  },
  maintenance: (/** @type {{on: boolean}} */ { on }) => restart(on),
});
process.on('disconnect', () => process.exit(1));
process.on('SIGTERM', () => process.exit(0));

const publisher = new IORedis.default({ ...connection, lazyConnect: true });
publisher.on('error', () => {});

/**
 * Remembers the mode, then asks all Immich processes on this Redis to start again.
 * @param {boolean} maintenance
 */
async function restart(maintenance) {
  await rpc.call('patch', { maintenance });
  await publishRestart(publisher, maintenance);
}

const context = {
  options,
  state,
  telemetry,
  names: queueNames(options.immich),
  library: new Library(options.instance),
  machineLearning: new MachineLearning(() => state.config.machineLearning.urls, options.timeScale),
  queues: new Map(
    state.maintenance
      ? []
      : queueNames(options.immich).map((name) => {
          const queue = new Queue(name, { connection, prefix: options.prefix, defaultJobOptions: DEFAULT_JOB_OPTIONS });
          queue.on('error', () => {}); // reconnects by itself; requests hang meanwhile, as with Immich
          return [name, queue];
        }),
  ),
  add: (/** @type {import('../supervisor/job_source.js').Item[]} */ items) => rpc.call('add', items),
  patch: (/** @type {Partial<typeof state>} */ patch) => rpc.call('patch', patch),
  restart,
};
/** @typedef {typeof context} Context */

const server = new ApiServer(context, state.maintenance ? maintenanceRoutes : routes);
const subscriber = new IORedis.default({ ...connection, maxRetriesPerRequest: null });
const listening = listenForRestart(subscriber, () => process.exit(7));
if (!state.maintenance) {
  await telemetry.listen(state.telemetry);
  await listening;
}
await server.applyMode();
rpc.notify('ready', { role: 'api' });

/**
 * The microservices process: one BullMQ worker per queue with Immich's settings.
 * It is a process of its own, so that kill -9, SIGTERM and a blocked event loop are the real thing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import IORedis from 'ioredis';
import { loadBullmq, DEFAULT_JOB_OPTIONS } from '../shared/bullmq.js';
import { FIXED_QUEUES, queueNames } from '../shared/immich.js';
import { Ledger } from '../shared/ledger.js';
import { Library } from '../shared/library.js';
import { redisOptions } from '../shared/redis.js';
import { listenForRestart } from '../shared/restart_channel.js';
import { Results } from '../shared/results.js';
import { connect } from '../shared/rpc.js';
import { Telemetry } from '../shared/telemetry.js';
import { Handlers } from './handlers.js';
import { Hangs } from './hangs.js';
import { JobRunner } from './job_runner.js';

/** Without any job, machine learning is set up this long after the workers began. */
const ML_SETUP_MS = 100;
/** Immich pauses metadata extraction while it loads its map data at start-up. */
const MAP_SETUP_MS = 300;

/** @type {import('../shared/state.js').ChildSetup} */
const setup = JSON.parse(process.argv[2]);
const { options, ledgerPath, resultsPath } = setup;
const state = setup.state;
const { Queue, Worker } = loadBullmq(options.bullmq);
const names = queueNames(options.immich);
const connection = redisOptions(options.redis, options.redisCa);
const ledger = new Ledger(ledgerPath, names);
const telemetry = new Telemetry(options, 'worker');
const hangs = new Hangs(ledger);
/** @type {Map<string, import('bullmq').Worker>} */
const workers = new Map();

/** @param {string} queue */
const concurrency = (queue) => (FIXED_QUEUES.has(queue) ? 1 : (state.config.job[queue]?.concurrency ?? 1));

const rpc = connect(process, {
  state: (/** @type {Partial<typeof state>} */ patch) => {
    Object.assign(state, patch);
    for (const [name, worker] of workers) {
      if (worker.concurrency !== concurrency(name)) {
        worker.concurrency = concurrency(name);
      }
    }
    return telemetry.listen(state.telemetry);
  },
  unhang: (/** @type {{queue?: string}} */ { queue }) => hangs.release(queue),
  block: (/** @type {{seconds: number}} */ { seconds }) => {
    // After the reply has left. Waiting on memory blocks the event loop without using the CPU.
    setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000), 20);
  },
});
process.on('disconnect', () => process.exit(1));
// Like Immich: SIGTERM doesn't wait for running jobs.
process.on('SIGTERM', () => process.exit(0));

for (const name of names) {
  ledger.set(name, 'hung_now', 0);
}

const blockers = {
  thumbnailGeneration: new Queue('thumbnailGeneration', { connection, prefix: options.prefix }),
  faceDetection: new Queue('faceDetection', { connection, prefix: options.prefix }),
  facialRecognition: new Queue('facialRecognition', { connection, prefix: options.prefix }),
};
const handlers = new Handlers({
  state,
  library: new Library(options.instance),
  results: new Results(resultsPath),
  timeScale: options.timeScale,
  add: (items) => rpc.call('add', items),
  query: (method, params) => rpc.call(method, params),
  queues: blockers,
});
const runner = new JobRunner({ ledger, hangs, telemetry, handlers });

let reported = 0;
const report = (/** @type {string} */ queue, /** @type {Error} */ error) => {
  // A lost Redis would otherwise fill the log.
  if (Date.now() - reported > 1000) {
    reported = Date.now();
    console.error(`worker ${queue}: ${error.message}`);
  }
};
for (const queue of Object.values(blockers)) {
  queue.on('error', (error) => report(queue.name, error));
}

await telemetry.listen(state.telemetry);
await listenForRestart(new IORedis.default({ ...connection, maxRetriesPerRequest: null }), () => process.exit(7));

for (const name of names) {
  const worker = new Worker(name, (job) => runner.run(name, job), {
    connection,
    prefix: options.prefix,
    concurrency: concurrency(name),
    name: 'microservices',
    lockDuration: options.lockDuration,
    stalledInterval: options.stalledInterval,
    maxStalledCount: 1,
  });
  worker.on('error', (error) => report(name, error));
  workers.set(name, worker);
}

async function setUpMetadata() {
  const queue = new Queue('metadataExtraction', { connection, prefix: options.prefix, defaultJobOptions: DEFAULT_JOB_OPTIONS });
  queue.on('error', (error) => report('metadataExtraction', error));
  await queue.pause();
  setTimeout(() => void queue.resume().then(() => queue.close()), MAP_SETUP_MS);
}
void setUpMetadata();

await Promise.all([...workers.values()].map((worker) => worker.waitUntilReady()));
await sleep(ML_SETUP_MS);
handlers.setUpMachineLearning();
rpc.notify('ready', { role: 'worker' });

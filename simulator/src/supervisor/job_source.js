/**
 * Puts jobs into Redis with real BullMQ and counts them. The worker's own adds come through here too:
 * the supervisor is the process that is never killed, so `added` stays exact.
 */
import IORedis from 'ioredis';
import { DEFAULT_JOB_OPTIONS, loadBullmq } from '../shared/bullmq.js';
import { jobOptions, KINDS, queueOfJob } from '../shared/immich.js';
import { redisOptions } from '../shared/redis.js';

/** Jobs per bulk add, as Immich pages through its assets. */
const CHUNK = 1000;
const HOUR_MS = 3_600_000;

/**
 * @typedef {{name: string, data: any, queue?: string, options?: import('bullmq').JobsOptions}} Item
 *   `queue` only for jobs whose name doesn't tell it
 */

export class JobSource {
  #ledger;
  #queues;
  #redis;

  /**
   * @param {import('../options.js').Options} options
   * @param {readonly string[]} names
   * @param {import('../shared/ledger.js').Ledger} ledger
   */
  constructor(options, names, ledger) {
    const { Queue } = loadBullmq(options.bullmq);
    const connection = redisOptions(options.redis, options.redisCa);
    this.#ledger = ledger;
    this.#redis = new IORedis.default({ ...connection, maxRetriesPerRequest: null });
    this.#redis.on('error', () => {}); // as below
    this.#queues = new Map(
      names.map((name) => [
        name,
        new Queue(name, {
          connection,
          prefix: options.prefix,
          defaultJobOptions: DEFAULT_JOB_OPTIONS,
        }),
      ]),
    );
    for (const queue of this.#queues.values()) {
      queue.on('error', () => {}); // reconnects by itself; requests wait
    }
  }

  /**
   * @param {string} name
   * @returns {import('bullmq').Queue}
   */
  queue(name) {
    const queue = this.#queues.get(name);
    if (!queue) {
      throw new Error(`unknown queue ${name}`);
    }
    return queue;
  }

  names() {
    return [...this.#queues.keys()];
  }

  /**
   * @param {Item[]} items
   * @returns {Promise<string[]>} ids
   */
  async add(items) {
    const ids = [];
    for (let from = 0; from < items.length; from += CHUNK) {
      ids.push(...(await this.#addChunk(items.slice(from, from + CHUNK))));
    }
    return ids;
  }

  /** @param {Item[]} items */
  async #addChunk(items) {
    /** @type {Map<string, Item[]>} */
    const bulk = new Map();
    const ids = [];
    for (const item of items) {
      const queue = item.queue ?? queueOfJob(item.name);
      if (!queue || !this.#queues.has(queue)) {
        throw new Error(`no queue for job ${item.name}`);
      }
      const options = { ...jobOptions(item.name, item.data), ...item.options };
      if (options.jobId || options.deduplication) {
        ids.push(await this.#addUnique(queue, item, options));
      } else {
        bulk.set(queue, [...(bulk.get(queue) ?? []), { ...item, options }]);
      }
    }
    for (const [queue, jobs] of bulk) {
      const added = await this.queue(queue).addBulk(jobs.map(({ name, data, options }) => ({ name, data, opts: options })));
      this.#ledger.add(queue, 'added', added.length);
      ids.push(...added.map((job) => String(job.id)));
    }
    return ids;
  }

  /**
   * An add that Redis may swallow, because a job with this id or deduplication id is there already.
   * @param {string} name
   * @param {Item} item
   * @param {import('bullmq').JobsOptions} options
   */
  async #addUnique(name, item, options) {
    const queue = this.queue(name);
    const before = options.deduplication
      ? await this.#redis.get(queue.toKey(`de:${options.deduplication.id}`))
      : (await this.#redis.exists(queue.toKey(String(options.jobId))))
        ? options.jobId
        : null;
    const job = await queue.add(item.name, item.data, options);
    this.#ledger.add(name, before !== null && String(job.id) === before ? 'deduplicated' : 'added');
    return String(job.id);
  }

  /**
   * A job whose data can't be read. It is added with a long delay, spoilt, and only then let go, so that
   * no worker sees it whole.
   * @param {string} name
   * @param {Buffer | string} content
   */
  async addSpoilt(name, content) {
    const queue = this.queue(name);
    const job = await queue.add(KINDS[/** @type {keyof typeof KINDS} */ (name)].job, {}, { delay: HOUR_MS });
    await this.#redis.hset(queue.toKey(String(job.id)), 'data', content);
    await job.promote();
    this.#ledger.add(name, 'added');
    return String(job.id);
  }

  /**
   * @param {string} name
   * @returns {Promise<string[]>} ids of the active jobs that are in Redis no longer
   */
  async forgetActive(name) {
    const queue = this.queue(name);
    const ids = await this.#redis.lrange(queue.toKey('active'), 0, -1);
    for (const id of ids) {
      await this.#redis.multi().lrem(queue.toKey('active'), 0, id).del(queue.toKey(id)).exec();
    }
    return ids;
  }

  async close() {
    this.#redis.disconnect();
    await Promise.allSettled([...this.#queues.values()].map((queue) => queue.disconnect()));
  }
}

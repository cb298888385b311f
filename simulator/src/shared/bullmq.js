/**
 * The BullMQ versions side by side. CommonJS builds, because only those of BullMQ 6 load ioredis by themselves.
 */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

const PACKAGES = { '5.80': 'bullmq', '5.51': 'bullmq-5-51', 6: 'bullmq-6' };

/** What Immich gives every queue: one attempt, finished jobs vanish, failed ones stay. */
export const DEFAULT_JOB_OPTIONS = { attempts: 1, removeOnComplete: true, removeOnFail: false };

/**
 * @param {'5.80'|'5.51'|'6'} version
 * @returns {typeof import('bullmq')}
 */
export function loadBullmq(version) {
  return require(PACKAGES[version]);
}

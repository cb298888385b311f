import { isBusy } from "./format";
import type { Queue } from "./model";
import { isHeld, isPaused, needsAttention } from "./elements/queue-row";

/** ms that rows keep their places. */
export const HOLD = 30_000;

function rank(queue: Queue): number {
  if (needsAttention(queue)) {
    return 0;
  }
  if (isPaused(queue)) {
    return isHeld(queue) ? 3 : 4;
  }
  if (queue.state !== "running") {
    return 5;
  }
  return queue.blocked ? 2 : 1;
}

/** Busy queues as they should be shown: what needs a look, then what takes longest. */
export function wantedOrder(queues: Queue[]): string[] {
  return queues
    .filter(isBusy)
    .map((queue, index) => ({ queue, index }))
    .sort(
      (a, b) =>
        rank(a.queue) - rank(b.queue) ||
        (b.queue.eta?.remaining ?? -1) - (a.queue.eta?.remaining ?? -1) ||
        b.queue.waiting - a.queue.waiting ||
        a.index - b.index,
    )
    .map(({ queue }) => queue.name);
}

/**
 * Keeps rows where they are: they change their places at most every 30 s, and never while somebody points at them or
 * is among them with the keyboard. A queue that gets work joins at the end meanwhile, one that is done stays.
 */
export class SteadyOrder {
  private shown: string[] | null = null;
  private since = 0;
  /** They are not where they should be. */
  pending = false;

  /** `held`: somebody is among the rows. */
  next(queues: Queue[], now: number, held: boolean): string[] {
    const wanted = wantedOrder(queues);
    if (this.shown === null || (!held && now - this.since >= HOLD)) {
      if (this.shown?.join() !== wanted.join()) {
        this.since = now;
      }
      this.shown = wanted;
      this.pending = false;
      return wanted;
    }
    const names = new Set(queues.map(({ name }) => name));
    const kept = this.shown.filter((name) => names.has(name));
    const joined = wanted.filter((name) => !kept.includes(name));
    if (joined.length || kept.length !== this.shown.length) {
      this.shown = [...kept, ...joined];
    }
    this.pending = this.shown.join() !== wanted.join();
    return this.shown;
  }

  /** ms until they may be ordered anew. */
  left(now: number): number {
    return Math.max(0, this.since + HOLD - now);
  }

  forget(): void {
    this.shown = null;
  }
}

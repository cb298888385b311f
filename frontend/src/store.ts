import type { Connection, HomeAssistant, UnsubscribeFunc } from "./ha";
import { apply, type Instance, type Snapshot, type SubscriptionMessage } from "./model";

/** What is known of one Immich now. */
export type View =
  | { status: "loading" }
  /** Home Assistant itself can't be reached: what was seen last stays. */
  | { status: "disconnected"; snapshot: Snapshot | null }
  | {
      status: "not_loaded";
      title: string;
      state: string;
      reason: string | null;
    }
  /** Gone, or not for this user. */
  | { status: "not_found" }
  /** The integration's frontend is newer than what runs, or the other way round. */
  | { status: "failed"; message: string }
  | { status: "ready"; snapshot: Snapshot };

type Listener = () => void;

/** ms that a subscription outlives its last card: views are left and entered again. */
const KEEP_FOR = 5_000;

/** ms until a subscription that was refused is asked for again: after a start of Home Assistant it may come late. */
const RETRY_AFTER = 5_000;

/** ms without a word after which what is shown counts as old, at least. */
const SILENT_AFTER = 30_000;

/** ms by which the clocks of browser and server may differ before that is made up for. */
const SAME_TIME = 3_000;

abstract class Feed<Message> {
  protected listeners = new Set<Listener>();
  private unsubscribe: Promise<UnsubscribeFunc> | null = null;
  private closing: ReturnType<typeof setTimeout> | undefined;
  private retrying: ReturnType<typeof setTimeout> | undefined;
  private attached = false;

  constructor(protected connection: Connection) {}

  listen(listener: Listener): () => void {
    clearTimeout(this.closing);
    this.listeners.add(listener);
    this.open();
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) {
        clearTimeout(this.closing);
        this.closing = setTimeout(() => this.close(), KEEP_FOR);
      }
    };
  }

  protected abstract request(): Record<string, unknown>;
  protected abstract receive(message: Message): void;
  protected abstract lost(): void;
  protected abstract refused(error: { code?: string; message?: string }): void;

  protected tell(): void {
    for (const listener of [...this.listeners]) {
      listener();
    }
  }

  private open(): void {
    if (!this.attached) {
      // The connection keeps a listener as often as it is added.
      this.attached = true;
      this.connection.addEventListener("disconnected", this.onLost);
      this.connection.addEventListener("ready", this.onReady);
    }
    if (this.unsubscribe) {
      return;
    }
    clearTimeout(this.retrying);
    // Subscribed anew by ourselves: the library would hide that the first try failed.
    const subscription = this.connection.subscribeMessage<Message>(
      (message) => {
        if (this.unsubscribe === subscription) {
          this.receive(message);
        }
      },
      this.request(),
      { resubscribe: false },
    );
    this.unsubscribe = subscription;
    subscription.catch((error: { code?: string; message?: string }) => {
      if (this.unsubscribe === subscription) {
        this.unsubscribe = null;
        this.refused(error ?? {});
        if (error?.code !== "not_found") {
          this.retrying = setTimeout(() => this.listeners.size > 0 && this.open(), RETRY_AFTER);
        }
      }
    });
  }

  protected closed(): void {}

  private close(): void {
    this.closed();
    clearTimeout(this.retrying);
    const open = this.unsubscribe;
    this.unsubscribe = null;
    this.attached = false;
    this.connection.removeEventListener("disconnected", this.onLost);
    this.connection.removeEventListener("ready", this.onReady);
    // The connection may be gone, and with it the subscription.
    open?.then((unsubscribe) => unsubscribe()).catch(() => undefined);
  }

  private onLost = (): void => this.lost();

  /** A new connection knows nothing of the subscriptions of the old one. */
  private onReady = (): void => {
    this.unsubscribe = null;
    if (this.listeners.size > 0) {
      this.open();
    }
  };
}

export class EntryFeed extends Feed<SubscriptionMessage> {
  view: View = { status: "loading" };
  private skew = 0;
  private silence: ReturnType<typeof setTimeout> | undefined;

  /** ms since the epoch as the server has it: ages must not depend on the browser's clock. */
  now(): number {
    return Date.now() - this.skew;
  }

  constructor(
    connection: Connection,
    private entryId: string,
  ) {
    super(connection);
  }

  protected request(): Record<string, unknown> {
    return { type: "immich_admin_tools/subscribe", entry_id: this.entryId };
  }

  protected receive(message: SubscriptionMessage): void {
    switch (message.type) {
      case "snapshot":
        this.view = { status: "ready", snapshot: message.snapshot };
        this.compareClocks(message.snapshot.as_of, message.snapshot.poll_interval * 1000);
        break;
      case "delta":
        if (!("snapshot" in this.view) || !this.view.snapshot) {
          return;
        }
        this.view = {
          status: "ready",
          snapshot: apply(this.view.snapshot, message.delta),
        };
        this.compareClocks(message.delta.as_of);
        break;
      case "not_loaded": {
        const { title, state, reason } = message;
        this.view = { status: "not_loaded", title, state, reason };
        break;
      }
      case "not_found":
        this.view = { status: "not_found" };
        break;
    }
    this.expectMore();
    this.tell();
  }

  /** What was seen is told at once; only the first message may be older, by a poll. */
  private compareClocks(seen: number | undefined, older = 0): void {
    if (seen !== undefined) {
      const skew = Date.now() - seen;
      this.skew = skew > -SAME_TIME && skew < SAME_TIME + older ? 0 : skew;
    }
  }

  /** Every poll is told. A server that hangs keeps its connection and says nothing. */
  private expectMore(): void {
    clearTimeout(this.silence);
    if (this.view.status === "ready" && this.view.snapshot.unreachable_since === null) {
      const patience = Math.max(SILENT_AFTER, 3000 * this.view.snapshot.poll_interval);
      this.silence = setTimeout(() => this.lost(), patience);
    }
  }

  protected override closed(): void {
    clearTimeout(this.silence);
    // Whoever looks again must not take what was for what is.
    this.view = { status: "loading" };
  }

  protected lost(): void {
    if (this.view.status === "not_found") {
      return;
    }
    const snapshot =
      this.view.status === "ready" || this.view.status === "disconnected" ? this.view.snapshot : null;
    this.view = { status: "disconnected", snapshot };
    this.tell();
  }

  protected refused(error: { code?: string; message?: string }): void {
    this.view =
      error.code === "not_found"
        ? { status: "not_found" }
        : {
            status: "failed",
            message: (error.code === "unknown_command" ? error.code : error.message) ?? "",
          };
    this.tell();
  }
}

export class InstancesFeed extends Feed<Instance[]> {
  /** null: not known yet. */
  instances: Instance[] | null = null;
  /** Why they can't be known. */
  problem: string | null = null;

  protected request(): Record<string, unknown> {
    return { type: "immich_admin_tools/subscribe_instances" };
  }

  protected receive(instances: Instance[]): void {
    this.instances = instances;
    this.problem = null;
    this.tell();
  }

  protected lost(): void {
    this.tell();
  }

  protected refused(error: { code?: string; message?: string }): void {
    this.problem = error.code ?? error.message ?? "";
    this.tell();
  }
}

const entries = new WeakMap<Connection, Map<string, EntryFeed>>();
const instances = new WeakMap<Connection, InstancesFeed>();

/** All cards of a page share one subscription for each Immich. */
export function entryFeed(hass: HomeAssistant, entryId: string): EntryFeed {
  let feeds = entries.get(hass.connection);
  if (!feeds) {
    entries.set(hass.connection, (feeds = new Map()));
  }
  let feed = feeds.get(entryId);
  if (!feed) {
    feeds.set(entryId, (feed = new EntryFeed(hass.connection, entryId)));
  }
  return feed;
}

export function instancesFeed(hass: HomeAssistant): InstancesFeed {
  let feed = instances.get(hass.connection);
  if (!feed) {
    instances.set(hass.connection, (feed = new InstancesFeed(hass.connection)));
  }
  return feed;
}

/** The instances once they are known; rejects when the integration doesn't answer. */
export function loadInstances(hass: HomeAssistant): Promise<Instance[]> {
  const feed = instancesFeed(hass);
  return new Promise((resolve, reject) => {
    const settle = () => {
      if (feed.instances) {
        stop();
        resolve(feed.instances);
      } else if (feed.problem !== null) {
        stop();
        reject(new Error(feed.problem));
      }
    };
    const stop = feed.listen(settle);
    settle();
  });
}

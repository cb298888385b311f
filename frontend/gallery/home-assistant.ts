/** Stand-ins for what Home Assistant's page gives to a card. */
import * as mdi from "@mdi/js";
import { html, LitElement, css, svg } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Connection, HomeAssistant } from "../src/ha";
import type { Instance, Snapshot, SubscriptionMessage } from "../src/model";

@customElement("ha-card")
export class HaCard extends LitElement {
  static override styles = css`
    :host {
      display: block;
      position: relative;
      background: var(--card-background-color);
      border: 1px solid var(--divider-color);
      border-radius: var(--ha-card-border-radius);
      color: var(--primary-text-color);
    }
  `;
  protected override render() {
    return html`<slot></slot>`;
  }
}

@customElement("ha-icon")
export class HaIcon extends LitElement {
  @property() icon = "";
  static override styles = css`
    :host {
      display: inline-flex;
      width: var(--mdc-icon-size, 24px);
      height: var(--mdc-icon-size, 24px);
      fill: currentcolor;
    }
    svg {
      width: 100%;
      height: 100%;
    }
  `;
  protected override render() {
    const name = this.icon
      .replace(/^mdi:/, "")
      .replace(/(^|-)(\w)/g, (_all, _dash, letter: string) => letter.toUpperCase());
    const path = (mdi as Record<string, string>)[`mdi${name}`];
    return svg`<svg viewBox="0 0 24 24">${path ? svg`<path d=${path}></path>` : svg`<text y="18">${this.icon}</text>`}</svg>`;
  }
}

export interface Fake {
  hass: HomeAssistant;
  /** Send a message to all who follow the Immich. */
  send(message: SubscriptionMessage): void;
  calls: { service: string; data: unknown }[];
  /** Tell other instances. */
  sendInstances(instances: Instance[]): void;
  /** Lose the connection, or get it back: whoever subscribed has to do it again. */
  happen(event: "ready" | "disconnected"): void;
  /** Every subscription that was asked for, and what each is refused with from now on. */
  subscriptions: string[];
  refuse: { code: string; message: string } | null;
  /** Listeners of the connection. */
  heard: Record<"ready" | "disconnected", (() => void)[]>;
}

type Answers = Record<string, (message: Record<string, unknown>) => unknown>;

/** A hass whose one Immich is a snapshot; `answers` are for other websocket commands, by their type. */
export function fakeHass(
  first: SubscriptionMessage | Snapshot,
  { language = "en", admin = true, answers = {} as Answers } = {},
): Fake {
  const message: SubscriptionMessage = "type" in first ? first : { type: "snapshot", snapshot: first };
  const followers = new Set<(message: SubscriptionMessage) => void>();
  const listing = new Set<(instances: Instance[]) => void>();
  const calls: { service: string; data: unknown }[] = [];
  const heard: Fake["heard"] = { ready: [], disconnected: [] };
  const subscriptions: string[] = [];
  const instance: Instance = {
    entry_id: "entry",
    title: "Immich",
    loaded: message.type === "snapshot",
    redis: true,
    gpu_hosts: [{ host_id: "host", name: "GPU box" }],
    problem_assets: 0,
  };
  const connection: Connection = {
    connected: true,
    addEventListener: (event, listener) => heard[event].push(listener),
    removeEventListener: (event, listener) => {
      heard[event].splice(heard[event].indexOf(listener), heard[event].includes(listener) ? 1 : 0);
    },
    subscribeMessage: async <T>(callback: (message: T) => void, request: Record<string, unknown>) => {
      subscriptions.push(String(request["entry_id"] ?? request["type"]));
      if (fake.refuse) {
        throw fake.refuse;
      }
      if (request["type"] === "immich_admin_tools/subscribe_instances") {
        const lister = callback as unknown as (instances: Instance[]) => void;
        listing.add(lister);
        queueMicrotask(() => lister([instance]));
        return () => void listing.delete(lister);
      }
      const follower = callback as unknown as (message: SubscriptionMessage) => void;
      followers.add(follower);
      queueMicrotask(() => follower(message));
      return () => void followers.delete(follower);
    },
  };
  const hass: HomeAssistant = {
    connection,
    states: {},
    entities: {},
    language,
    locale: {
      language,
      number_format: "language",
      time_format: "24",
      time_zone: "local",
    },
    config: { time_zone: "UTC" },
    user: { is_admin: admin },
    callWS: async <T>(request: Record<string, unknown>) => {
      const type = String(request["type"]);
      if (type === "auth/sign_path") {
        return { path: String(request["path"]) } as T;
      }
      const answer = answers[type];
      if (!answer) {
        throw Object.assign(new Error(`${type} is not answered here`), {
          code: "unknown_command",
        });
      }
      return answer(request) as T;
    },
    callService: async (_domain, service, data) => {
      calls.push({ service, data });
      return { response: {} };
    },
  };
  const fake: Fake = {
    hass,
    calls,
    heard,
    subscriptions,
    refuse: null,
    send: (sent) => followers.forEach((follower) => follower(sent)),
    sendInstances: (instances) => listing.forEach((lister) => lister(instances)),
    happen: (event) => {
      if (event === "ready") {
        followers.clear();
        listing.clear();
      }
      [...heard[event]].forEach((listener) => listener());
    },
  };
  return fake;
}

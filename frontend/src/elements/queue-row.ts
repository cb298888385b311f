import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { NBSP, progress, queueIcon, type Format } from "../format";
import type { GpuHost, Queue, Snapshot } from "../model";
import { base, buttons, notes, tokens } from "../styles";
import "./icon-tile";
import type { Tone } from "./icon-tile";
import "./menu";
import type { MenuItem } from "./menu";
import "./question";
import "./sparkline";
import { Ticker } from "./ticker";
import { element } from "../registry";

/** An action of ours for this queue; `data` is what it needs beside the queue. */
export interface RowAct {
  action:
    | "pause"
    | "resume"
    | "run_queue"
    | "retry_failed"
    | "clear_stuck"
    | "clear_failed"
    | "clear_waiting"
    | "restart_workers"
    | "wake";
  data: Record<string, unknown>;
}

/** What came of the last action. */
export interface Notice {
  tone: "success" | "warning" | "error" | "info";
  text: string;
}

type Ask = "clear_stuck" | "clear_failed" | "clear_waiting" | "resume_anyway" | "restart";

/** The dot stays at the end of a line. */
const SEPARATOR = `${NBSP}· `;

/** s after which a rate that is being measured should be known. */
const MEASURED_AFTER = 120;

const ASK_ICONS: Record<Ask, string> = {
  clear_stuck: "mdi:broom",
  clear_failed: "mdi:tray-remove",
  clear_waiting: "mdi:alert",
  resume_anyway: "mdi:play",
  restart: "mdi:restart",
};

const STOPPED = new Set(["stalled", "worker_lost", "worker_blocked"]);

/** Minutes that a line needs to say anything. */
const SHORTEST_LINE = 3;

const IN_WIDE_ROWS = new Set(["state", "waiting", "active", "rate"]);

/** Shown as running for half a minute after its last job: then there is nothing to do. */
export function isWorking(queue: Queue): boolean {
  return (
    queue.state === "running" && !isPaused(queue) && !queue.blocked && (queue.waiting > 0 || queue.active > 0)
  );
}

export function isPaused(queue: Queue): boolean {
  return queue.state === "paused" || (queue.pause !== null && !STOPPED.has(queue.state));
}

/** Paused by the integration, which also resumes it. */
export function isHeld(queue: Queue): boolean {
  return isPaused(queue) && queue.pause?.by === "immich_admin_tools";
}

export function needsAttention(queue: Queue): boolean {
  return STOPPED.has(queue.state);
}

/**
 * One queue: what it does, who decided that, and what can be done. It renders when its own properties change and not
 * with every message; fires `act`, `show-stuck`, `show-history`, `dismiss`.
 */
@element("immich-tools-queue-row")
export class QueueRow extends LitElement {
  @property({ attribute: false }) queue!: Queue;
  @property({ attribute: false }) spark: (number | null)[] | null = null;
  /** Of a pause for a GPU host, that host. */
  @property({ attribute: false }) host: GpuHost | null = null;
  @property({ attribute: false }) format!: Format;
  @property({ attribute: false }) now: () => number = Date.now;
  @property({ attribute: false }) restart!: Snapshot["restart"];
  @property({ type: Boolean }) mayAct = false;
  /** Since when nothing new is known of it. */
  /** Name of the GPU host that is off, although this queue goes on. */
  @property() skippedFor: string | null = null;
  @property({ type: Number }) frozenAt: number | null = null;
  /** Without Redis where there should be one: the rate is only about right. */
  @property({ type: Boolean }) roughRate = false;
  /** Which action runs. */
  @property() doing: RowAct["action"] | null = null;
  @property({ attribute: false }) notice: Notice | null = null;
  @property({ type: Boolean, reflect: true }) open = false;
  @state() private asking: Ask | null = null;
  @query(".name") private nameButton!: HTMLButtonElement | null;
  /** The button that started what runs: it gets the focus back, which a disabled one loses. */
  private startedBy: string | null = null;

  static override styles = [
    tokens,
    base,
    buttons,
    notes,
    css`
      :host {
        display: block;
        position: relative;
        padding-inline: 16px;
      }
      :host::before {
        content: "";
        position: absolute;
        inset-block-start: 0;
        inset-inline: 68px 16px;
        border-block-start: 1px solid var(--iat-line);
      }
      :host(:first-of-type)::before {
        display: none;
      }
      .row {
        position: relative;
        display: grid;
        grid-template-columns: 40px minmax(0, 1fr) auto auto;
        align-items: center;
        column-gap: 12px;
        min-height: 64px;
        padding-block: 6px;
      }
      .wide {
        display: none;
      }
      .title {
        min-width: 0;
      }
      .names {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 2px 8px;
      }
      .name {
        min-width: 0;
        padding: 0;
        border: 0;
        background: none;
        font-size: 14px;
        line-height: 20px;
        font-weight: 500;
        text-align: start;
        overflow-wrap: anywhere;
        cursor: pointer;
      }
      .name::after {
        content: "";
        position: absolute;
        inset-block: 0;
        inset-inline: -12px;
        border-radius: 8px;
      }
      .name:focus-visible {
        outline: none;
      }
      .name:focus-visible::after {
        outline: 2px solid var(--iat-primary-ink);
        outline-offset: -2px;
      }
      @media (hover: hover) {
        .name:hover::after {
          background: color-mix(in srgb, var(--iat-text) 4%, transparent);
        }
      }
      .pill {
        display: inline-flex;
        align-items: center;
        gap: 4px;
        padding: 0 8px 0 6px;
        border: 1px solid transparent;
        border-radius: 10px;
        background: var(--iat-warning-tint);
        font-size: 12px;
        line-height: 18px;
        font-weight: 500;
        white-space: nowrap;
        --mdc-icon-size: 14px;
      }
      .pill ha-icon {
        display: flex;
        color: var(--iat-warning-ink);
      }
      .state {
        font-size: 13px;
        line-height: 18px;
        color: var(--iat-secondary);
        overflow-wrap: anywhere;
      }
      .waiting,
      .left {
        text-align: end;
      }
      .waiting,
      .big {
        font-size: 16px;
        line-height: 20px;
        font-weight: 500;
      }
      .big,
      .rate {
        white-space: nowrap;
      }
      .small,
      .rate {
        font-size: 12px;
        line-height: 16px;
        color: var(--iat-secondary);
      }
      .left .small {
        max-width: 88px;
        margin-inline-start: auto;
        text-wrap: balance;
      }
      .speed {
        text-align: end;
      }
      .buttons {
        position: relative;
        display: flex;
        width: 40px;
        margin-inline-end: -8px;
      }
      immich-tools-menu {
        position: relative;
      }
      .below {
        display: grid;
        gap: 8px;
        padding-block-end: 12px;
      }
      .note {
        flex-wrap: wrap;
        gap: 4px 12px;
      }
      .note .words {
        flex: 1 1 160px;
      }
      .note .link {
        margin-inline-start: auto;
      }
      .panel {
        display: grid;
        gap: 12px;
        padding-block: 4px;
      }
      .panel .actions {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 8px;
      }
      .panel dl {
        display: grid;
        gap: 0 48px;
      }
      .panel dl div {
        display: flex;
        justify-content: space-between;
        gap: 16px;
        padding-block: 2px;
      }
      .panel dt {
        color: var(--iat-secondary);
      }
      .panel dd {
        font-weight: 500;
        text-align: end;
        overflow-wrap: anywhere;
      }
      .panel .spark .caption {
        font-size: 12px;
        line-height: 16px;
        color: var(--iat-secondary);
      }
      .frozen .big,
      .frozen .waiting,
      .frozen .name {
        color: var(--iat-secondary);
      }
      @container (min-width: 600px) {
        .wide {
          display: block;
        }
        .narrow {
          display: none !important;
        }
        .row {
          grid-template-columns: 40px minmax(0, 1fr) minmax(72px, auto) 84px 96px 40px 40px;
        }
        .row.watching {
          grid-template-columns: 40px minmax(0, 1fr) minmax(72px, auto) 84px 96px;
        }
        .left .small {
          max-width: none;
        }
        .buttons {
          margin-inline: 4px -4px;
        }
        immich-tools-menu.wide {
          display: inline-flex;
          margin-inline: 4px -4px;
        }
        .below {
          margin-inline-start: 52px;
        }
        .panel dl {
          grid-template-columns: minmax(0, 1fr);
          max-width: 560px;
        }
      }
      @container (min-width: 700px) {
        .row {
          grid-template-columns: 40px minmax(0, 1fr) minmax(80px, auto) 128px 120px 40px 40px;
        }
        .row.watching {
          grid-template-columns: 40px minmax(0, 1fr) minmax(80px, auto) 128px 120px;
        }
      }
      @container (min-width: 860px) {
        .panel dl {
          grid-template-columns: repeat(2, minmax(0, 1fr));
          max-width: none;
        }
      }
      @media (forced-colors: active) {
        .pill {
          border-color: CanvasText;
        }
      }
    `,
  ];

  constructor() {
    super();
    // "for 14 min" goes on although nothing else changes.
    new Ticker(this, 30);
  }

  protected override updated(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("doing") && this.doing === null && this.startedBy) {
      const button = this.renderRoot.querySelector<HTMLElement>(this.startedBy) ?? this.nameButton;
      this.startedBy = null;
      const focused = (this.getRootNode() as Document | ShadowRoot).activeElement;
      if (focused === null || focused === this || focused === document.body) {
        button?.focus();
      }
    }
  }

  protected override render(): TemplateResult | typeof nothing {
    const { queue } = this;
    if (!queue) {
      return nothing;
    }
    return html`<div class="row ${this.frozen ? "frozen" : ""} ${this.mayAct ? "" : "watching"}">
        ${this.renderTile()}
        <div class="title">
          <div class="names">
            <button
              class="name"
              aria-expanded=${this.open}
              aria-controls=${this.open ? "details" : nothing}
              @click=${this.toggle}
            >
              <bdi>${queue.label}</bdi>
            </button>
            ${this.frozen ? nothing : this.renderPills()}
          </div>
          <div class="state wide"><bdi>${this.stateLine()}</bdi></div>
          <div class="state narrow"><bdi>${this.shortLine()}</bdi></div>
        </div>
        <div class="waiting wide">${this.renderWaiting()}</div>
        <div class="speed wide">${this.frozen ? nothing : this.renderSpeed()}</div>
        <div class="left">${this.frozen ? nothing : this.renderLeft()}</div>
        ${
          this.mayAct
            ? html`<div class="buttons">${this.renderSwitch()}</div>
                ${this.renderMenu("wide")}`
            : nothing
        }
      </div>
      ${this.renderBelow()}`;
  }

  // What it is

  private get frozen(): boolean {
    return this.frozenAt !== null;
  }

  private get tone(): Tone {
    const { queue } = this;
    if (this.frozen) {
      return "neutral";
    }
    if (this.skippedFor) {
      return "error";
    }
    switch (queue.state) {
      case "stalled":
        return "warning";
      case "worker_lost":
      case "worker_blocked":
        return "error";
      case "running":
        return isWorking(queue) ? "primary" : "neutral";
      default:
        return "neutral";
    }
  }

  private renderTile(): TemplateResult {
    const { queue } = this;
    const badge = this.badge();
    const part = isWorking(queue) && !badge ? progress(queue) : null;
    return html`<immich-tools-icon-tile
      .icon=${queueIcon(queue.name)}
      .tone=${this.tone}
      .progress=${part}
      .progressLabel=${part === null ? "" : this.t("progress", { percent: this.format.percent(part) })}
      .badge=${badge}
      .badgeTone=${this.tone}
    ></immich-tools-icon-tile>`;
  }

  private badge(): string | null {
    const { queue } = this;
    switch (queue.state) {
      case "stalled":
        return "mdi:alert";
      case "worker_lost":
        return "mdi:account-off";
      case "worker_blocked":
        return "mdi:account-lock";
      default:
        break;
    }
    if (isPaused(queue)) {
      if (queue.pause?.by === "user") {
        return "mdi:hand-back-right";
      }
      const badges: Record<string, string> = {
        gpu_offline: "mdi:power-sleep",
        restart: "mdi:restart",
        heal: "mdi:broom",
      };
      return badges[queue.pause?.reason ?? ""] ?? "mdi:pause-circle";
    }
    return queue.blocked ? "mdi:timer-sand" : null;
  }

  private renderPills(): TemplateResult[] {
    const { queue } = this;
    const { stuck, slow, lost_slots: lost, concurrency } = queue;
    const pills: string[] = [];
    if (stuck - slow > 0) {
      pills.push(this.count("pill.stuck", stuck - slow));
    }
    if (slow > 0) {
      pills.push(this.count("pill.slow", slow));
    }
    if (lost && queue.state !== "worker_blocked") {
      pills.push(
        concurrency !== null && concurrency > lost
          ? this.t("pill.workers", {
              left: this.format.count(concurrency - lost),
              all: this.format.count(concurrency),
            })
          : this.count("pill.blocked", lost),
      );
    }
    return pills.map(
      (text) => html`<span class="pill"><ha-icon icon="mdi:alert"></ha-icon><bdi>${text}</bdi></span>`,
    );
  }

  private stateName(): string {
    const { queue } = this;
    if (isPaused(queue)) {
      const { pause } = queue;
      if (!pause) {
        return this.t("state.paused");
      }
      if (pause.by === "user") {
        return pause.until === null
          ? this.t("state.paused_by_hand")
          : this.t("state.paused_until", { time: this.time(pause.until) });
      }
      switch (pause.reason) {
        case "gpu_offline":
          return this.host
            ? this.t("state.paused_for_host", { host: this.host.name })
            : this.t("state.paused_for_a_host");
        case "restart":
          return this.t("state.paused_restart");
        case "heal":
          return this.t("state.paused_heal");
        case null:
          return this.t("state.resuming");
        default:
          return this.t("state.paused_for_you");
      }
    }
    if (queue.state === "running" && queue.blocked) {
      return this.t("state.blocked");
    }
    if (queue.state === "running" && !isWorking(queue) && !isPaused(queue)) {
      return this.t("state.done");
    }
    const key = `queues.state.${queue.state}`;
    // A newer integration may know more states.
    return this.format.words.has(key) ? this.t(`state.${queue.state}`) : queue.state;
  }

  private stateLine(): string {
    const { queue } = this;
    if (this.frozenAt !== null) {
      return this.t("state.last_seen", { time: this.time(this.frozenAt) });
    }
    const parts = [this.stateName()];
    if (queue.active > 0) {
      parts.push(
        this.count(queue.state === "worker_lost" ? "count.left_behind" : "count.active", queue.active),
      );
    }
    if (queue.delayed > 0) {
      parts.push(this.count("count.delayed", queue.delayed));
    }
    if (queue.failed > 0) {
      parts.push(this.count("count.failed", queue.failed));
    }
    return parts.join(SEPARATOR);
  }

  /** For a narrow card: what waits comes first. */
  private shortLine(): string {
    const { queue } = this;
    const parts: string[] = [];
    if (queue.waiting > 0) {
      parts.push(this.count("count.waiting", queue.waiting));
    }
    if (this.frozenAt !== null) {
      parts.push(this.t("state.last_seen", { time: this.time(this.frozenAt) }));
    } else if (isPaused(queue)) {
      if (!parts.length) {
        parts.push(this.stateName());
      } else if (queue.pause?.by !== "immich_admin_tools") {
        parts.push(this.t(queue.pause ? "short.paused_by_hand" : "short.paused"));
      }
    } else if (isWorking(queue)) {
      if (!parts.length) {
        parts.push(this.stateName(), this.count("count.active", queue.active));
      } else {
        parts.push(this.rate() ?? this.t("rate.measuring"));
      }
    } else if (!parts.length) {
      parts.push(this.stateName());
      if (queue.failed > 0) {
        parts.push(this.count("count.failed", queue.failed));
      }
    }
    return parts.join(SEPARATOR);
  }

  private renderWaiting(): TemplateResult | typeof nothing {
    const { waiting, state: now } = this.queue;
    if (!waiting && now === "idle") {
      return nothing;
    }
    return html`${this.format.count(waiting)}<span class="visually-hidden">
        ${this.t("column.waiting")}</span
      >`;
  }

  private rate(): string | null {
    const shown = this.format.rate(this.queue.rate);
    return shown !== null && this.roughRate && this.queue.rate
      ? this.t("rate.about", { rate: shown.replace(/^~/, "") })
      : shown;
  }

  private renderSpeed(): TemplateResult | typeof nothing {
    const { queue } = this;
    if (queue.state === "idle" || (isPaused(queue) && !this.spark?.some((jobs) => jobs))) {
      return nothing;
    }
    return html`${this.renderSpark()}
    ${
      isPaused(queue) || queue.blocked
        ? nothing
        : html`<div class="rate"><bdi>${this.rate() ?? this.t("rate.measuring")}</bdi></div>`
    }`;
  }

  private renderSpark(): TemplateResult | typeof nothing {
    const known = this.spark?.filter((jobs) => jobs !== null) ?? [];
    if (!this.spark || known.length < SHORTEST_LINE) {
      return nothing;
    }
    return html`<immich-tools-sparkline
      .values=${this.spark}
      .tone=${this.tone}
      .label=${this.t("rate.spark", {
        low: this.format.count(Math.min(...known)),
        high: this.format.count(Math.max(...known)),
      })}
    ></immich-tools-sparkline>`;
  }

  private renderLeft(): TemplateResult | typeof nothing {
    const { queue, format } = this;
    const big = (text: string, below: string | null = null) =>
      html`<div class="big"><bdi>${text}</bdi></div>
        ${below === null ? nothing : html`<div class="small"><bdi>${below}</bdi></div>`}`;
    const small = (text: string) => html`<div class="small"><bdi>${text}</bdi></div>`;
    if (needsAttention(queue)) {
      const since = format.duration((this.now() - queue.state_since) / 1000);
      return big(this.t("left.stopped"), this.t("left.stopped_for", { time: since }));
    }
    if (isPaused(queue)) {
      const { pause } = queue;
      const latest = pause?.reason === "gpu_offline" ? this.host?.wake_at_latest : null;
      if (latest && latest > this.now()) {
        return big(this.time(latest), this.t("left.at_latest"));
      }
      if (pause?.until) {
        return small(this.t("left.until", { time: this.time(pause.until) }));
      }
      const since = pause?.since ?? null;
      return since === null ? nothing : small(this.t("left.since", { time: this.time(since) }));
    }
    if (queue.blocked) {
      return small(this.t("left.others"));
    }
    if (queue.eta) {
      const remaining = this.remaining(queue.eta.finish);
      const left = format.timeLeft(remaining);
      return big(
        remaining < 60 ? left : this.t("left.about", { time: left }),
        format.timeLeftRange({ ...queue.eta, remaining }),
      );
    }
    switch (queue.no_eta) {
      case "nearly_done":
        return big(format.timeLeft(0));
      case "measuring": {
        const since = queue.run?.since ?? queue.state_since;
        return small(this.t(this.now() - since < MEASURED_AFTER * 1000 ? "left.soon" : "left.unknown"));
      }
      case "not_moving":
        return small(this.t("left.unknown"));
      default:
        return nothing;
    }
  }

  // What can be done

  private renderSwitch(named = false): TemplateResult | typeof nothing {
    const { queue } = this;
    if (!this.mayAct || isHeld(queue)) {
      return nothing;
    }
    // One button for both: it keeps the focus.
    const paused = isPaused(queue);
    const icon = html`<ha-icon .icon=${paused ? "mdi:play" : "mdi:pause"}></ha-icon>`;
    const label = this.t(paused ? "action.resume_queue" : "action.pause_queue", { name: queue.label });
    return html`<button
      class=${named ? "button switch-named" : `button icon switch ${paused ? "filled" : ""}`}
      aria-label=${label}
      title=${named ? nothing : label}
      ?disabled=${this.doing !== null}
      @click=${() => this.act(paused ? "resume" : "pause", {}, named ? ".switch-named" : ".switch")}
    >
      ${icon}${named ? this.t(paused ? "action.resume" : "action.pause") : nothing}
    </button>`;
  }

  private menuItems(): MenuItem[] {
    const { queue } = this;
    const items: MenuItem[] = [];
    const add = (id: string, icon: string, label: string) => items.push({ id, icon: `mdi:${icon}`, label });
    if (this.mayAct) {
      // Immich refuses while a job of it is active.
      if (queue.startable && queue.active === 0) {
        add("run_queue", "play-box-multiple", this.t("menu.run"));
      }
      if (queue.writable && queue.failed > 0) {
        add("retry_failed", "refresh", this.count("menu.retry_failed", queue.failed));
      }
      if (queue.writable && queue.stuck > 0) {
        add("clear_stuck", "broom", this.count("menu.clear_stuck", queue.stuck));
      }
      if (queue.failed > 0) {
        add("clear_failed", "tray-remove", this.count("menu.clear_failed", queue.failed));
      }
      if (queue.waiting > 0) {
        add("clear_waiting", "alert", this.count("menu.clear_waiting", queue.waiting));
      }
      if (isHeld(queue)) {
        add("resume_anyway", "play", this.t("menu.resume_anyway"));
      }
      if (queue.lost_slots && this.restart.configured && !this.restart.running) {
        add("restart", "restart", this.t("menu.restart"));
      }
    }
    add("history", "history", this.t("menu.history"));
    return items;
  }

  private renderMenu(where: "wide" | "narrow"): TemplateResult {
    return html`<immich-tools-menu
      class=${where}
      .label=${this.format.words.text("action.more_of", { name: this.queue.label })}
      .items=${this.menuItems()}
      @choose=${this.choose}
    ></immich-tools-menu>`;
  }

  private choose = (event: CustomEvent<string>): void => {
    const id = event.detail;
    if (id === "history") {
      this.dispatchEvent(new CustomEvent("show-history"));
      return;
    }
    if (this.doing) {
      return;
    }
    if (id === "run_queue" || id === "retry_failed") {
      this.act(id);
    } else {
      this.ask(id as Ask);
    }
  };

  private ask(what: Ask): void {
    this.asking = what;
  }

  private act(action: RowAct["action"], data: Record<string, unknown> = {}, from = ".name"): void {
    if (this.doing) {
      return;
    }
    this.startedBy = from;
    this.dispatchEvent(new CustomEvent<RowAct>("act", { detail: { action, data } }));
  }

  private renderQuestion(): TemplateResult | typeof nothing {
    const { asking, queue, restart } = this;
    if (!asking || !this.mayAct) {
      return nothing;
    }
    const counts: Partial<Record<Ask, number>> = {
      clear_stuck: queue.stuck,
      clear_failed: queue.failed,
      clear_waiting: queue.waiting,
    };
    const count = counts[asking] ?? 0;
    let text = this.t(`ask.${asking}.text`);
    if (asking === "clear_waiting" && queue.startable) {
      text = this.t("ask.clear_waiting.text_startable");
    } else if (asking === "restart") {
      text =
        restart.usual_seconds === null
          ? this.t("ask.restart.text_unknown")
          : this.t("ask.restart.text", { time: this.format.duration(restart.usual_seconds) });
    }
    return html`<immich-tools-question
      .question=${this.t(`ask.${asking}.question`, { name: queue.label, count, shown: this.format.count(count) })}
      .consequence=${text}
      .yes=${this.t(`ask.${asking}.yes`)}
      .yesIcon=${ASK_ICONS[asking]}
      .no=${this.format.words.text("action.cancel")}
      @yes=${this.confirmed}
      @no=${this.cancelled}
    ></immich-tools-question>`;
  }

  private confirmed = (): void => {
    const { asking } = this;
    this.cancelled();
    if (asking) {
      const actions = { resume_anyway: "resume", restart: "restart_workers" } as const;
      this.act(asking === "resume_anyway" || asking === "restart" ? actions[asking] : asking);
    }
  };

  private cancelled = (): void => {
    this.asking = null;
    this.nameButton?.focus();
  };

  // What is below it

  private renderBelow(): TemplateResult | typeof nothing {
    const parts = [
      this.renderNote(),
      this.renderDoing(),
      this.renderNotice(),
      this.renderQuestion(),
      this.renderDetails(),
    ];
    return parts.every((part) => part === nothing) ? nothing : html`<div class="below">${parts}</div>`;
  }

  private renderNote(): TemplateResult | typeof nothing {
    const { queue } = this;
    if (this.frozen) {
      return nothing;
    }
    switch (queue.state) {
      case "stalled":
        return this.note(
          "warning",
          "mdi:alert",
          this.stalledWhy(),
          queue.stuck > 0
            ? this.link("show_stuck", "show_stuck_of", { name: queue.label }, () =>
                this.dispatchEvent(new CustomEvent("show-stuck")),
              )
            : nothing,
        );
      case "worker_lost":
        return this.renderRestartNote(this.t("note.worker_lost"));
      case "worker_blocked":
        return this.renderRestartNote(this.count("note.worker_blocked", queue.lost_slots ?? 1));
      default:
        break;
    }
    if (isHeld(queue)) {
      return this.renderHeld();
    }
    if (this.skippedFor) {
      return this.note("error", "mdi:alert-circle", this.t("note.skipping", { host: this.skippedFor }));
    }
    return queue.blocked && !isPaused(queue)
      ? this.note("", "mdi:information-outline", this.t("note.blocked"))
      : nothing;
  }

  private stalledWhy(): string {
    const { active, concurrency } = this.queue;
    if (active === 0) {
      return this.t("note.stalled_none");
    }
    return this.count(active === concurrency ? "note.stalled_all" : "note.stalled_some", active);
  }

  private renderRestartNote(why: string): TemplateResult {
    const { restart } = this;
    if (restart.running) {
      return this.note("", "mdi:restart", this.t("note.restarting"));
    }
    return this.note(
      "error",
      "mdi:alert-circle",
      restart.configured ? why : `${why} ${this.t("note.restart_by_hand")}`,
      restart.configured
        ? this.link("restart", "restart_for", { name: this.queue.label }, () => this.ask("restart"))
        : nothing,
    );
  }

  private renderHeld(): TemplateResult | typeof nothing {
    const { queue, host } = this;
    const reason = queue.pause?.reason;
    if (reason === "restart" || reason === "heal") {
      return this.note("", "mdi:auto-fix", this.t(`note.${reason}`));
    }
    if (reason !== "gpu_offline") {
      return nothing;
    }
    if (!host) {
      return this.note("", "mdi:auto-fix", this.t("note.host_unknown"));
    }
    const states = {
      off: "off",
      waking: "starting",
      booting: "starting",
      ready: "ready",
      working: "ready",
      draining: "stopping",
      shutting_down: "stopping",
      wake_failed: "failed",
    } as const;
    const byHand = host.state === "off" && (!host.automatic || host.hold === "off");
    const text = this.t(byHand ? "note.host_off_by_hand" : `note.host_${states[host.state]}`, {
      host: host.name,
    });
    const failed = host.state === "wake_failed";
    const wakes = (host.state === "off" || failed) && host.can_wake && host.device_id !== null;
    return this.note(
      failed ? "error" : "",
      failed ? "mdi:alert-circle" : "mdi:auto-fix",
      text,
      wakes
        ? this.link(
            failed ? "wake_again" : "wake",
            failed ? "wake_again_for" : "wake_for",
            { host: host.name, name: queue.label },
            () => this.act("wake", { device_id: host.device_id }),
          )
        : nothing,
    );
  }

  private note(
    tone: string,
    icon: string,
    text: string,
    next: TemplateResult | typeof nothing = nothing,
  ): TemplateResult {
    return html`<div class="note ${tone}">
      <ha-icon .icon=${icon}></ha-icon><span class="words"><bdi>${text}</bdi></span
      >${next}
    </div>`;
  }

  private link(
    text: string,
    label: string,
    values: Record<string, string>,
    then: () => void,
  ): TemplateResult | typeof nothing {
    // Everyone may look at what is stuck.
    if (!this.mayAct && text !== "show_stuck") {
      return nothing;
    }
    return html`<button
      class="link"
      aria-label=${this.t(`action.${label}`, values)}
      ?disabled=${this.doing !== null}
      @click=${then}
    >
      ${this.t(`link.${text}`)}
    </button>`;
  }

  private renderDoing(): TemplateResult | typeof nothing {
    if (!this.doing || this.doing === "pause" || this.doing === "resume") {
      return nothing;
    }
    return html`<div class="note" role="status">
      <ha-icon icon="mdi:timer-sand"></ha-icon
      ><span class="words"><bdi>${this.t(`doing.${this.doing}`)}</bdi></span>
    </div>`;
  }

  private renderNotice(): TemplateResult | typeof nothing {
    const { notice } = this;
    if (!notice) {
      return nothing;
    }
    const icons = {
      success: "mdi:check-circle",
      warning: "mdi:alert",
      error: "mdi:alert-circle",
      info: "mdi:information-outline",
    };
    const failed = notice.tone === "error";
    return html`<div class="note ${notice.tone}" role=${failed ? "alert" : "status"}>
      <ha-icon .icon=${icons[notice.tone]}></ha-icon>
      <span class="words"
        ><bdi
          >${failed ? html`<strong>${this.format.words.text("card.action_failed")}</strong> ` : nothing}${notice.text}</bdi
        ></span
      >
      <button class="link" @click=${this.dismiss}>${this.format.words.text("action.dismiss")}</button>
    </div>`;
  }

  private dismiss = (): void => {
    this.dispatchEvent(new CustomEvent("dismiss"));
    this.nameButton?.focus();
  };

  private toggle = (): void => {
    this.open = !this.open;
  };

  private renderDetails(): TemplateResult | typeof nothing {
    if (!this.open) {
      return nothing;
    }
    const details = this.details();
    const spark = this.frozen ? nothing : this.renderSpark();
    return html`<div
      class="panel"
      id="details"
      role="group"
      aria-label=${this.t("action.details", { name: this.queue.label })}
    >
      ${
        spark === nothing
          ? nothing
          : html`<div class="spark narrow">
              <div class="caption">${this.t("column.rate")}</div>
              ${spark}
            </div>`
      }
      <dl>
        ${details.map(
          ([name, value, shown]) =>
            html`<div class=${shown ? "narrow" : ""}>
              <dt><bdi>${name}</bdi></dt>
              <dd><bdi>${value}</bdi></dd>
            </div>`,
        )}
      </dl>
      ${
        this.mayAct
          ? html`<div class="actions narrow">${this.renderSwitch(true)}${this.renderMenu("narrow")}</div>`
          : nothing
      }
    </div>`;
  }

  /** Name, value, and whether a wide row shows it already. */
  private details(): [string, string, boolean][] {
    const { queue, format } = this;
    const unknown = this.t("detail.unknown");
    const rows: [string, string, boolean][] = [];
    const add = (key: string, value: string) =>
      rows.push([this.t(`detail.${key}`), value, IN_WIDE_ROWS.has(key)]);
    const working = queue.active > 0 || queue.waiting > 0;
    add("state", this.stateName());
    if (isPaused(queue)) {
      add("paused", this.pauseWords());
    }
    for (const key of ["waiting", "active", "delayed", "failed"] as const) {
      add(key, format.count(queue[key]));
    }
    if (queue.stuck > 0) {
      const { stuck, slow } = queue;
      add(
        "stuck",
        slow > 0
          ? this.t("detail.stuck_slow", { stuck: format.count(stuck), slow: format.count(slow) })
          : format.count(stuck),
      );
    }
    if (queue.lost_slots) {
      add("lost", format.count(queue.lost_slots));
    }
    if (working && !isPaused(queue)) {
      add("rate", this.rate() ?? this.t("rate.measuring"));
    }
    const part = progress(queue);
    if (queue.run && part !== null && working) {
      add(
        "run",
        this.t("detail.run_value", {
          done: format.count(queue.run.done),
          all: format.count(queue.run.done + queue.waiting + queue.active),
          percent: format.percent(part),
        }),
      );
    }
    if (queue.eta) {
      const from = this.time(queue.eta.low);
      const to = this.time(queue.eta.high);
      add("finish", from === to ? from : `${from}–${to}`);
    }
    if (queue.average_duration === null) {
      add("average", unknown);
    } else {
      const average = format.seconds(queue.average_duration);
      add(
        "average",
        queue.usual_duration === null
          ? average
          : this.t("detail.average_value", { average, usual: format.seconds(queue.usual_duration) }),
      );
    }
    if (queue.active > 0) {
      add("oldest", queue.oldest_active === null ? unknown : format.duration(queue.oldest_active));
    }
    add("concurrency", queue.concurrency === null ? unknown : format.count(queue.concurrency));
    if (queue.threshold === 0) {
      add("threshold", this.t("detail.never"));
    } else {
      const threshold = format.duration(queue.threshold);
      add(
        "threshold",
        queue.suggested_threshold === null
          ? threshold
          : this.t("detail.threshold_value", {
              threshold,
              learned: format.duration(queue.suggested_threshold),
            }),
      );
    }
    return rows;
  }

  private pauseWords(): string {
    const { pause } = this.queue;
    if (!pause) {
      return this.t("detail.unknown");
    }
    const who = pause.by === "user" ? "by_hand" : "automatically";
    const words =
      pause.since === null
        ? this.t(`detail.${who}`)
        : this.t(`detail.${who}_since`, { time: this.time(pause.since) });
    return pause.until === null
      ? words
      : this.t("detail.until", { pause: words, time: this.time(pause.until) });
  }

  // Words

  private remaining(finish: number): number {
    return Math.max(0, (finish - this.now()) / 1000);
  }

  private time(at: number): string {
    return this.format.time(at, this.now());
  }

  private t(key: string, values: Record<string, string | number> = {}): string {
    return this.format.words.text(`queues.${key}`, values);
  }

  private count(key: string, count: number): string {
    return this.t(key, { count, shown: this.format.count(count) });
  }
}

import { css, html, nothing, type TemplateResult } from "lit";
import { state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { entryForm, ImmichCard, openIntegration } from "../base-card";
import "../elements/menu";
import type { MenuItem } from "../elements/menu";
import "../elements/question";
import { isHeld, isPaused, isWorking, needsAttention, type Notice, type RowAct } from "../elements/queue-row";
import { queueIcon } from "../format";
import { navigate, pageHass, showMoreInfo, type CardConfig, type CardForm } from "../ha";
import { Localize } from "../localize";
import { isLive, type Queue, type Snapshot } from "../model";
import { SteadyOrder } from "../order";
import { showStuck, viewPath } from "../page";
import { registerCard } from "../registry";
import { resultOf } from "../results";

export interface QueuesConfig extends CardConfig {
  title?: string;
  /** As Immich calls them; all of them when it is empty. */
  queues?: string[];
  hide_idle?: boolean;
  /** Details and idle queues are unfolded. */
  expanded?: boolean;
}

/** ms that a result stays. */
const KEEP_RESULT = 600_000;

const SUITED = new Set([
  "state",
  "waiting",
  "active",
  "delayed",
  "failed",
  "rate",
  "eta",
  "time_remaining",
  "processed",
]);

export class QueuesCard extends ImmichCard<QueuesConfig> {
  @state() private idleOpen: boolean | null = null;
  @state() private asking: "pause_all" | "resume_all" | null = null;
  @state() private doingAll = false;
  private doing = new Map<string, RowAct["action"]>();
  private notices = new Map<string, Notice>();
  private order = new SteadyOrder();
  private pointed = false;
  private reorder: ReturnType<typeof setTimeout> | undefined;
  private readonly clock = (): number => this.now();

  static override styles = [
    ...[ImmichCard.styles].flat(2),
    css`
      .head .titles {
        flex: 1;
        min-width: 0;
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: 0 6px;
      }
      .head .end {
        margin-inline-end: -4px;
      }
      .columns {
        display: none;
        padding-inline: 16px;
        font-size: 12px;
        line-height: 16px;
        color: var(--iat-secondary);
      }
      .columns span {
        text-align: end;
      }
      .columns .first {
        text-align: start;
        grid-column: 1 / 3;
      }
      .fold {
        position: relative;
        display: flex;
        align-items: center;
        gap: 12px;
        width: 100%;
        min-height: 56px;
        padding: 8px 16px;
        border: 0;
        background: none;
        color: var(--iat-secondary);
        font-size: 14px;
        line-height: 20px;
        text-align: start;
        --mdc-icon-size: 20px;
      }
      button.fold {
        cursor: pointer;
      }
      .fold:focus-visible {
        outline-offset: -4px;
        border-radius: 12px;
      }
      .fold ha-icon {
        display: flex;
        flex: none;
      }
      .fold .icons {
        display: none;
        flex: 1;
        flex-wrap: wrap;
        justify-content: flex-end;
        gap: 8px 6px;
        height: 20px;
        overflow: hidden;
      }
      .fold .chevron {
        margin-inline-start: auto;
      }
      .source {
        display: grid;
        gap: 8px;
        padding: 8px 16px 16px;
      }
      .source .note {
        flex-wrap: wrap;
        align-items: start;
        padding: 10px 12px;
      }
      .source .note > ha-icon {
        padding-block: 1px;
      }
      .source .note .button {
        margin-inline-start: 30px;
        background: color-mix(in srgb, var(--iat-text) 10%, var(--iat-neutral-tint));
      }
      .source .note .words {
        flex-basis: calc(100% - 30px);
      }
      .shape {
        display: grid;
        grid-template-columns: 40px 1fr;
        align-items: center;
        gap: 12px;
        min-height: 64px;
        padding-inline: 16px;
      }
      .shape i {
        display: block;
        border-radius: 4px;
        background: var(--iat-neutral-tint);
      }
      .shape .round {
        width: 40px;
        height: 40px;
        border-radius: 50%;
      }
      .shape .long {
        width: 50%;
        height: 14px;
        margin-block-end: 8px;
      }
      .shape .short {
        width: 30%;
        height: 10px;
      }
      @container card (min-width: 600px) {
        .columns {
          display: grid;
          align-items: end;
          column-gap: 12px;
          grid-template-columns: 40px minmax(0, 1fr) minmax(72px, auto) 84px 96px 40px 40px;
        }
        .columns.watching {
          grid-template-columns: 40px minmax(0, 1fr) minmax(72px, auto) 84px 96px;
        }
        .fold .icons {
          display: flex;
        }
        .fold .chevron {
          margin-inline-start: 0;
        }
        .columns.narrow-only {
          display: none;
        }
      }
      @container card (min-width: 700px) {
        .columns {
          grid-template-columns: 40px minmax(0, 1fr) minmax(80px, auto) 128px 120px 40px 40px;
        }
        .columns.watching {
          grid-template-columns: 40px minmax(0, 1fr) minmax(80px, auto) 128px 120px;
        }
      }
    `,
  ];

  static override getConfigForm(): CardForm {
    const words = new Localize(pageHass().locale.language);
    const form = entryForm(
      [
        { name: "title", selector: { text: {} } },
        {
          name: "queues",
          selector: {
            select: {
              multiple: true,
              custom_value: true,
              options: words
                .keys("queues.queue")
                .map((value) => ({ value, label: words.text(`queues.queue.${value}`) })),
            },
          },
        },
        { name: "hide_idle", selector: { boolean: {} } },
        { name: "expanded", selector: { boolean: {} } },
      ],
      {
        queues: "queues.editor.queues",
        hide_idle: "queues.editor.hide_idle",
        expanded: "queues.editor.expanded",
      },
    );
    return form;
  }

  static override getStubConfig(): Record<string, unknown> {
    // The editor shows a switch that isn't set as off.
    return {};
  }

  override setConfig(config: QueuesConfig): void {
    const { queues } = config;
    if (
      queues !== undefined &&
      !(Array.isArray(queues) && queues.every((name) => typeof name === "string"))
    ) {
      throw new Error("queues must be a list of names.");
    }
    this.order.forget();
    this.idleOpen = null;
    this.asking = null;
    this.notices.clear();
    super.setConfig(config);
  }

  override getCardSize(): number {
    return 7;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.reorder);
    this.pointed = false;
  }

  protected override renderLoading(): TemplateResult {
    const shape = html`<div class="shape">
      <i class="round"></i>
      <div><i class="long"></i><i class="short"></i></div>
    </div>`;
    return html`<ha-card aria-busy="true">
      <div class="head"><h2>${this.heading}</h2></div>
      <span class="visually-hidden" role="status">${this.t("card.loading")}</span>
      ${shape}${shape}${shape}
    </ha-card>`;
  }

  private get heading(): string {
    return this.config?.title || this.t("queues.title");
  }

  protected override renderCard(snapshot: Snapshot, stale: boolean): TemplateResult {
    const wanted = this.config?.queues;
    const queues = snapshot.order
      .filter((name) => !wanted?.length || wanted.includes(name))
      .flatMap((name) => snapshot.queues[name] ?? []);
    const frozen = stale || !isLive(snapshot);
    const held = this.isHeld();
    const names = this.order.next(queues, Date.now(), held);
    if (!held) {
      this.planReorder();
    }
    const shown = names.flatMap((name) => snapshot.queues[name] ?? []);
    const idle = queues.filter(({ name }) => !names.includes(name));
    const showIdle = !this.config?.hide_idle;
    const mayAct = snapshot.may_act && !frozen && snapshot.unreachable_since === null;
    return html`<ha-card>
      <div class="head">
        <div class="titles">
          <h2>${this.heading}</h2>
          <span class="secondary"><bdi>${this.summary(snapshot, queues, frozen)}</bdi></span>
        </div>
        ${
          mayAct
            ? html`<span class="end"
                ><immich-tools-menu
                  .label=${this.t("queues.menu.of_card")}
                  .items=${this.menuItems(queues)}
                  @choose=${this.chooseForAll}
                ></immich-tools-menu
              ></span>`
            : nothing
        }
      </div>
      ${this.renderAll(snapshot, queues, mayAct)}
      ${
        shown.length
          ? html`<div class="columns ${mayAct ? "" : "watching"}" aria-hidden="true">
              <span class="first">${this.t("queues.column.queue")}</span>
              <span>${this.t("queues.column.waiting")}</span>
              <span>${this.t("queues.column.rate")}</span>
              <span>${this.t("queues.column.left")}</span>
            </div>`
          : nothing
      }
      ${this.renderRows(snapshot, shown, mayAct, frozen, "busy")}
      ${frozen && shown.length ? nothing : this.renderIdle(snapshot, shown, idle, mayAct, frozen, showIdle)}
      ${this.renderSource(snapshot, stale)}
    </ha-card>`;
  }

  private summary(snapshot: Snapshot, queues: Queue[], frozen: boolean): string {
    if (frozen) {
      return this.t("queues.head.as_of", { time: this.format.time(snapshot.as_of, this.now()) });
    }
    const count = (key: string, of: number) =>
      of > 0 ? [this.t(`queues.head.${key}`, { count: of, shown: this.format.count(of) })] : [];
    const attention = queues.filter(needsAttention);
    const paused = queues.filter((queue) => isPaused(queue) && !isHeld(queue));
    const blocked = queues.filter((queue) => queue.state === "running" && !isPaused(queue) && queue.blocked);
    const running = queues.filter(isWorking);
    const parts = [
      ...count("running", running.length),
      ...count("paused", paused.length),
      ...count("waiting", queues.filter(isHeld).length + blocked.length),
      ...count("attention", attention.length),
    ];
    return parts.length || !queues.length
      ? parts.join(" · ")
      : this.t("queues.head.all_idle", { count: this.format.count(queues.length) });
  }

  private renderRows(
    snapshot: Snapshot,
    queues: Queue[],
    mayAct: boolean,
    frozen: boolean,
    which: "busy" | "idle",
  ): TemplateResult | typeof nothing {
    if (!queues.length) {
      // Rows that vanish below a pointer never tell that it left.
      this.pointed &&= which === "idle";
      return nothing;
    }
    return html`<div
      role="list"
      class="rows"
      id=${which}
      aria-label=${which === "busy" ? this.heading : this.t("queues.fold.list")}
      @pointerenter=${this.pointerIn}
      @pointerleave=${this.pointerOut}
      @focusout=${this.planReorder}
    >
      ${repeat(
        queues,
        ({ name }) => name,
        (queue) =>
          html`<immich-tools-queue-row
            role="listitem"
            .queue=${queue}
            .spark=${snapshot.sparks[queue.name] ?? null}
            .host=${queue.pause?.host ? (snapshot.gpu_hosts[queue.pause.host] ?? null) : null}
            .skippedFor=${skippedFor(snapshot, queue)}
            .format=${this.format}
            .now=${this.clock}
            .restart=${snapshot.restart}
            .mayAct=${mayAct}
            .frozenAt=${frozen ? snapshot.as_of : null}
            .roughRate=${snapshot.source === "redis_lost"}
            .doing=${this.doing.get(queue.name) ?? null}
            .notice=${this.notices.get(queue.name) ?? null}
            ?open=${which === "busy" && this.config?.expanded === true}
            @act=${(event: CustomEvent<RowAct>) => void this.actOn(snapshot, queue, event.detail)}
            @dismiss=${() => this.tell(queue.name, null)}
            @show-stuck=${() => this.showStuckOf(snapshot, queue)}
            @show-history=${() => this.showHistoryOf(queue)}
          ></immich-tools-queue-row>`,
      )}
    </div>`;
  }

  private renderIdle(
    snapshot: Snapshot,
    shown: Queue[],
    idle: Queue[],
    mayAct: boolean,
    frozen: boolean,
    showIdle: boolean,
  ): TemplateResult | typeof nothing {
    if (!idle.length) {
      return shown.length ? nothing : html`<div class="fold">${this.t("queues.fold.none_known")}</div>`;
    }
    if (!showIdle && shown.length) {
      return nothing;
    }
    const open = this.idleOpen ?? this.config?.expanded === true;
    const text = shown.length
      ? this.t("queues.fold.idle", { count: idle.length, shown: this.format.count(idle.length) })
      : this.t("queues.fold.all", {
          time: this.format.time(Math.max(...idle.map((queue) => queue.state_since)), this.now()),
        });
    const check = html`<ha-icon icon="mdi:check"></ha-icon>`;
    if (!showIdle) {
      return html`<div class="fold">
        ${check}<span><bdi>${text}</bdi></span>
      </div>`;
    }
    return html`<button
        class="fold"
        aria-expanded=${open}
        aria-controls=${open ? "idle" : nothing}
        @click=${() => (this.idleOpen = !open)}
      >
        ${check}<span><bdi>${text}</bdi></span>
        <span class="icons" aria-hidden="true"
          >${
            open || !shown.length
              ? nothing
              : idle.map(
                  ({ name, label }) => html`<ha-icon .icon=${queueIcon(name)} title=${label}></ha-icon>`,
                )
          }</span
        >
        <ha-icon class="chevron" .icon=${open ? "mdi:chevron-up" : "mdi:chevron-down"}></ha-icon>
      </button>
      ${open ? this.renderRows(snapshot, idle, mayAct, frozen, "idle") : nothing}`;
  }

  private renderSource(snapshot: Snapshot, stale: boolean): TemplateResult | typeof nothing {
    const notes: TemplateResult[] = [];
    const note = (
      tone: string,
      icon: string,
      verdict: string,
      text: string,
      next: TemplateResult | typeof nothing = nothing,
    ) =>
      html`<div class="note ${tone}" role=${tone ? "status" : nothing}>
        <ha-icon .icon=${icon}></ha-icon>
        <span class="words"
          ><bdi><strong>${verdict}</strong> ${text}</bdi></span
        >
        ${next}
      </div>`;
    if (stale) {
      notes.push(note("", "mdi:lan-disconnect", "", this.t("queues.source.disconnected")));
    } else if (snapshot.unreachable_since !== null) {
      const time = this.format.duration(snapshot.poll_interval);
      notes.push(
        note(
          "error",
          "mdi:lan-disconnect",
          this.t("queues.source.unreachable"),
          this.t("queues.source.unreachable_text", { time }),
        ),
      );
    } else if (snapshot.source === "redis_lost") {
      notes.push(note("", "mdi:database-off", "", this.t("queues.source.redis_lost")));
    } else if (snapshot.source === "api") {
      notes.push(
        note(
          "",
          "mdi:link-off",
          this.t("queues.source.api"),
          this.t("queues.source.api_text"),
          this.hass.user?.is_admin
            ? html`<button class="button" @click=${openIntegration}>
                ${this.t("queues.source.add_redis")}
              </button>`
            : nothing,
        ),
      );
    }
    return notes.length ? html`<div class="source">${notes}</div>` : nothing;
  }

  // All queues at once

  private menuItems(queues: Queue[]): MenuItem[] {
    const items: MenuItem[] = [];
    if (pausable(queues).length) {
      items.push({ id: "pause_all", icon: "mdi:pause", label: this.t("queues.menu.pause_all") });
    }
    if (resumable(queues).length) {
      items.push({ id: "resume_all", icon: "mdi:play", label: this.t("queues.menu.resume_all") });
    }
    return items;
  }

  private chooseForAll = (event: CustomEvent<string>): void => {
    if (!this.doingAll) {
      this.asking = event.detail as "pause_all" | "resume_all";
    }
  };

  private renderAll(snapshot: Snapshot, queues: Queue[], mayAct: boolean): TemplateResult | typeof nothing {
    if (!mayAct || (!this.asking && this.actionError === null && !this.doingAll)) {
      return nothing;
    }
    const { asking } = this;
    const meant = asking === "pause_all" ? pausable(queues) : resumable(queues);
    return html`<div class="source">
      ${this.renderActionError()}
      ${
        asking
          ? html`<immich-tools-question
              .question=${this.t(`queues.ask.${asking}.question`, {
                count: meant.length,
                shown: this.format.count(meant.length),
              })}
              .consequence=${this.t(`queues.ask.${asking}.text`)}
              .yes=${this.t(`queues.ask.${asking}.yes`)}
              .yesIcon=${asking === "pause_all" ? "mdi:pause" : "mdi:play"}
              .no=${this.t("action.cancel")}
              @yes=${() => void this.actOnAll(snapshot, asking, meant)}
              @no=${() => this.stopAsking()}
            ></immich-tools-question>`
          : nothing
      }
    </div>`;
  }

  private stopAsking(): void {
    this.asking = null;
    const menu = this.renderRoot.querySelector(".head immich-tools-menu");
    menu?.shadowRoot?.querySelector<HTMLElement>("button")?.focus();
  }

  private async actOnAll(
    snapshot: Snapshot,
    what: "pause_all" | "resume_all",
    queues: Queue[],
  ): Promise<void> {
    this.stopAsking();
    if (!queues.length) {
      return;
    }
    this.doingAll = true;
    await this.act(what === "pause_all" ? "pause" : "resume", {
      config_entry_id: snapshot.entry_id,
      queue: queues.map(({ name }) => name),
    });
    this.doingAll = false;
  }

  // One queue

  private async actOn(snapshot: Snapshot, queue: Queue, { action, data }: RowAct): Promise<void> {
    if (this.doing.has(queue.name)) {
      return;
    }
    this.doing.set(queue.name, action);
    this.tell(queue.name, null);
    const target = { config_entry_id: snapshot.entry_id, queue: queue.name };
    const own: Partial<Record<RowAct["action"], Record<string, unknown>>> = {
      restart_workers: { config_entry_id: snapshot.entry_id },
      wake: {},
    };
    const answer = await this.act(action, { ...(own[action] ?? target), ...data });
    this.doing.delete(queue.name);
    if (answer === null) {
      this.tell(queue.name, { tone: "error", text: this.actionError ?? "" });
      // Shown in the row.
      this.actionError = null;
      return;
    }
    this.tell(
      queue.name,
      resultOf(action, answer, queue.name, this.format, (name) => this.labelOf(name)),
    );
  }

  private labelOf(name: string): string {
    return this.view.status === "ready" ? (this.view.snapshot.queues[name]?.label ?? name) : name;
  }

  private tell(name: string, notice: Notice | null): void {
    if (notice) {
      this.notices.set(name, notice);
      setTimeout(() => {
        if (this.notices.get(name) === notice) {
          this.tell(name, null);
        }
      }, KEEP_RESULT);
    } else {
      this.notices.delete(name);
    }
    this.requestUpdate();
  }

  private showStuckOf(snapshot: Snapshot, queue: Queue): void {
    if (!showStuck(this, snapshot.entry_id, queue.name) && queue.entity_id) {
      showMoreInfo(this, queue.entity_id);
    }
  }

  private showHistoryOf(queue: Queue): void {
    const own = viewPath(this, "history");
    navigate(own ?? (queue.entity_id ? `/history?entity_id=${queue.entity_id}` : "/history"));
  }

  // Rows don't jump

  /** Somebody points at the rows, or is in them with the keyboard. */
  private isHeld(): boolean {
    const focused = this.shadowRoot?.activeElement;
    return this.pointed || focused?.localName === "immich-tools-queue-row";
  }

  private pointerIn = (): void => {
    this.pointed = true;
  };

  private pointerOut = (): void => {
    this.pointed = false;
    this.planReorder();
  };

  /** Without it the last message before a quiet time would leave the rows where they are. */
  private planReorder = (): void => {
    clearTimeout(this.reorder);
    if (this.order.pending && this.isConnected) {
      this.reorder = setTimeout(() => this.requestUpdate(), this.order.left(Date.now()) + 50);
    }
  };
}

function pausable(queues: Queue[]): Queue[] {
  return queues.filter((queue) => !isPaused(queue) || isHeld(queue));
}

/** Those we paused resume automatically; earlier, Immich would skip photos. */
function resumable(queues: Queue[]): Queue[] {
  return queues.filter((queue) => isPaused(queue) && !isHeld(queue));
}

/** The name of the host that is off while a queue of its goes on: Immich skips every photo. Null where another one is on. */
function skippedFor(snapshot: Snapshot, queue: Queue): string | null {
  if (!isWorking(queue)) {
    return null;
  }
  const hosts = Object.values(snapshot.gpu_hosts).filter(({ queues }) => queues.includes(queue.name));
  return hosts.every(({ online }) => online === false) ? (hosts[0]?.name ?? null) : null;
}

registerCard("immich-admin-tools-queues", QueuesCard, "queues", (key) => SUITED.has(key));

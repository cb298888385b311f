import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { state } from "lit/decorators.js";
import { guard } from "lit/directives/guard.js";
import { repeat } from "lit/directives/repeat.js";
import { ImmichCard } from "../base-card";
import type { GridOptions } from "../ha";
import { Query } from "../elements/query";
import "../elements/icon-tile";
import "../elements/thumbnail";
import type { HistoryEvent, HistoryFilter, HistoryPage, Snapshot } from "../model";
import { registerCard } from "../registry";
import { chips } from "./chips";
import { sentence, withoutRepeats } from "./event-sentence";
import { webLink } from "./links";
import { problemText } from "./problem-text";

const FILTERS: [HistoryFilter, string][] = [
  ["all", "mdi:check"],
  ["stuck", "mdi:alert"],
  ["pauses", "mdi:pause"],
  ["gpu_host", "mdi:desktop-tower"],
];

/** ms from what is seen to the event that is kept of it. */
const KEPT_AFTER = 1_500;

export class ActivityCard extends ImmichCard {
  @state() private filter: HistoryFilter = "all";
  @state() private queue = "";
  @state() private earlier: HistoryPage | null = null;
  @state() private loadingEarlier = false;
  @state() private exported: { path: string; count: number } | null = null;
  @state() private exporting = false;
  private seen = "";
  private later: ReturnType<typeof setTimeout> | undefined;

  private newest = new Query<HistoryPage>(this, () => this.page(null), 60);

  static override styles = [
    ImmichCard.styles,
    chips,
    css`
      .tools {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        padding: 0 16px 8px;
        border: 0;
        margin: 0;
        min-width: 0;
      }
      .inside {
        padding: 8px 16px 16px;
      }
      .messages {
        display: grid;
        gap: 8px;
        padding: 0 16px 8px;
      }
      .messages:empty {
        display: none;
      }
      h3 {
        padding: 16px 16px 8px;
        color: var(--iat-secondary);
        font-size: 13px;
        line-height: 18px;
        font-weight: 500;
      }
      ha-card {
        --time: 44px;
      }
      ha-card.long-times {
        --time: 60px;
      }
      .event {
        position: relative;
        display: grid;
        grid-template-columns: var(--time) 40px minmax(0, 1fr) auto;
        align-items: center;
        gap: 12px;
        min-height: 60px;
        padding: 8px 16px;
      }
      .event time {
        color: var(--iat-secondary);
        font-size: 13px;
        line-height: 18px;
        text-align: end;
        white-space: nowrap;
      }
      /* The line from one icon to the next. */
      .event:not(:first-child)::before,
      .event:not(:last-child)::after {
        content: "";
        position: absolute;
        inset-block: 0 calc(50% + 22px);
        inset-inline-start: calc(16px + var(--time) + 12px + 19px);
        width: 2px;
        background: var(--iat-line);
      }
      .event:not(:last-child)::after {
        inset-block: calc(50% + 22px) 0;
      }
      .what {
        min-width: 0;
        overflow-wrap: anywhere;
      }
      .what .title {
        font-weight: 500;
      }
      .what .secondary {
        font-size: 13px;
        line-height: 18px;
      }
      .photo {
        position: relative;
        display: block;
        border-radius: 8px;
        --iat-thumbnail-size: 44px;
        --mdc-icon-size: 20px;
      }
      .photo::after {
        content: "";
        position: absolute;
        inset: -2px;
      }
      .foot {
        border-top: 1px solid var(--iat-line);
        text-align: center;
        margin-top: 8px;
      }
      .foot button,
      .foot p {
        display: flex;
        align-items: center;
        justify-content: center;
        gap: 12px;
        width: 100%;
        min-height: 56px;
        padding: 8px 16px;
        border: 0;
        background: none;
        color: var(--iat-secondary);
        --mdc-icon-size: 20px;
      }
      .foot button {
        cursor: pointer;
      }
      .foot button:focus-visible {
        outline-offset: -2px;
      }
      .shape {
        height: 14px;
        border-radius: 4px;
        background: var(--iat-neutral-tint);
      }
      .event.shapes > :nth-child(2) {
        width: 40px;
        height: 40px;
        border-radius: 50%;
      }
      @container card (max-width: 340px) {
        .event {
          grid-template-columns: 40px minmax(0, 1fr) auto;
          gap: 4px 10px;
        }
        .event time {
          grid-column: 2;
          grid-row: 1;
          text-align: start;
          font-size: 12px;
          line-height: 16px;
        }
        .event immich-tools-icon-tile {
          grid-column: 1;
          grid-row: 1 / span 2;
        }
        .event .what {
          grid-column: 2;
        }
        .event .photo {
          grid-column: 3;
          grid-row: 1 / span 2;
        }
        .event:not(:first-child)::before,
        .event:not(:last-child)::after {
          inset-inline-start: calc(16px + 19px);
        }
      }
    `,
  ];

  override getGridOptions(): GridOptions {
    return { columns: 12, min_columns: 6, rows: "auto" };
  }

  override getCardSize(): number {
    return 8;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.later);
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    if (this.view.status !== "ready") {
      return;
    }
    const { snapshot } = this.view;
    const worth = worthAsking(snapshot);
    if (worth === this.seen) {
      return;
    }
    const other = !this.seen.startsWith(`${snapshot.entry_id}\n`);
    this.seen = worth;
    if (other) {
      this.askAnew();
    } else {
      clearTimeout(this.later);
      this.later = setTimeout(() => void this.newest.refresh(), KEPT_AFTER);
    }
  }

  private askAnew(): void {
    this.earlier = null;
    this.newest.reset();
  }

  private page(before: string | null): Promise<HistoryPage> | null {
    if (this.view.status !== "ready") {
      return null;
    }
    return this.hass.callWS<HistoryPage>({
      type: "immich_admin_tools/history",
      entry_id: this.view.snapshot.entry_id,
      filter: this.filter,
      ...(this.queue ? { queue: this.queue } : {}),
      ...(before ? { before } : {}),
    });
  }

  /** The newest, then what was asked for of the time before. */
  private get events(): HistoryEvent[] {
    const newest = this.newest.value?.events ?? [];
    if (!this.earlier) {
      return newest;
    }
    const known = new Set(newest.map(({ key }) => key));
    if (newest.length && !this.earlier.events.some(({ key }) => known.has(key))) {
      // More happened meanwhile than a page holds: what lies between isn't known.
      return newest;
    }
    return [...newest, ...this.earlier.events.filter(({ key }) => !known.has(key))];
  }

  protected override renderCard(snapshot: Snapshot): TemplateResult {
    const page = this.newest.value;
    return html`<ha-card class=${this.format.longTimes ? "long-times" : ""}>
      <div class="head">
        <h2>${this.t("history.activity.title")}</h2>
        ${
          snapshot.may_act
            ? html`<div class="end">
                <button
                  class="button text"
                  aria-label=${this.t("history.activity.export_label")}
                  ?disabled=${this.exporting}
                  @click=${() => this.export(snapshot)}
                >
                  <ha-icon icon="mdi:download"></ha-icon>${this.t(
                    this.exporting ? "history.activity.exporting" : "history.activity.export",
                  )}
                </button>
              </div>`
            : nothing
        }
      </div>
      ${guard([snapshot.order, this.filter, this.queue, this.format], () => this.renderTools(snapshot))}
      <div class="messages">${this.renderMessages()}</div>
      ${
        page
          ? guard([page, this.earlier, this.loadingEarlier, this.format], () =>
              this.renderEvents(snapshot, page),
            )
          : this.newest.problem
            ? nothing
            : this.renderShapes()
      }
    </ha-card>`;
  }

  private renderTools(snapshot: Snapshot): TemplateResult {
    const filters = FILTERS.filter(
      ([filter]) => filter !== "gpu_host" || Object.keys(snapshot.gpu_hosts).length,
    );
    return html`<fieldset class="tools">
      <legend class="visually-hidden">${this.t("history.activity.filter")}</legend>
      ${filters.map(
        ([filter, icon]) =>
          html`<label class="chip">
            <input
              type="radio"
              name="filter"
              .checked=${this.filter === filter}
              @change=${() => {
                this.filter = filter;
                this.askAnew();
              }}
            />
            <ha-icon .icon=${icon} aria-hidden="true"></ha-icon
            >${this.t(`history.activity.filters.${filter}`)}
          </label>`,
      )}
      <label class="chip choice">
        <span class="visually-hidden">${this.t("history.activity.queue")}</span>
        <select
          .value=${this.queue}
          @change=${(event: Event) => {
            this.queue = (event.target as HTMLSelectElement).value;
            this.askAnew();
          }}
        >
          <option value="">${this.t("history.activity.all_queues")}</option>
          ${snapshot.order.map(
            (name) =>
              html`<option value=${name} ?selected=${name === this.queue}>
                ${snapshot.queues[name]?.label ?? name}
              </option>`,
          )}
        </select>
        <ha-icon icon="mdi:chevron-down" aria-hidden="true"></ha-icon>
      </label>
    </fieldset>`;
  }

  private renderMessages(): TemplateResult {
    const { problem, value } = this.newest;
    return html`${
      problem === null
        ? nothing
        : html`<div class="note error" role="alert">
            <ha-icon icon="mdi:alert-circle"></ha-icon>
            <span class="words">
              <strong>${this.t(value ? "history.activity.stale" : "history.activity.failed")}</strong>
              ${problemText(problem, this.format.words)}
            </span>
            <button class="link" @click=${() => void this.newest.refresh()}>${this.t("action.retry")}</button>
          </div>`
    }
    ${this.renderActionError()}
    ${
      this.exported
        ? html`<div class="note success" role="status">
            <ha-icon icon="mdi:check-circle"></ha-icon>
            <span class="words"
              >${this.t("history.activity.exported", {
                count: this.exported.count,
                shown: this.format.count(this.exported.count),
                path: this.exported.path,
              })}</span
            >
            <button class="link" @click=${() => (this.exported = null)}>${this.t("action.dismiss")}</button>
          </div>`
        : nothing
    }`;
  }

  private renderEvents(snapshot: Snapshot, page: HistoryPage): TemplateResult {
    const events = withoutRepeats(this.events);
    const days = byDay(events, (at) => this.format.dayOf(at));
    const next = (events.length > page.events.length && this.earlier ? this.earlier : page).next;
    const count = page.days;
    const all = this.filter === "all" && !this.queue;
    if (!events.length && !next) {
      return html`<p class="inside secondary">
        ${this.t(all ? "history.activity.none" : "history.activity.none_of_these", { count })}
      </p>`;
    }
    return html`${repeat(
        days,
        ([day]) => day,
        ([, list]) =>
          html`<h3>${this.dayName(list[0]!.at)}</h3>
            <ol>
              ${repeat(
                list,
                ({ key }) => key,
                (event) => this.renderEvent(event, snapshot),
              )}
            </ol>`,
      )}
      <div class="foot">
        ${
          next
            ? html`<button
                ?disabled=${this.loadingEarlier}
                aria-busy=${this.loadingEarlier}
                @click=${() => this.showEarlier(next)}
              >
                <ha-icon icon="mdi:chevron-down"></ha-icon>${this.t("history.activity.earlier", { count })}
              </button>`
            : html`<p>${this.t("history.activity.that_was_all", { count })}</p>`
        }
      </div>`;
  }

  private renderEvent(event: HistoryEvent, snapshot: Snapshot): TemplateResult {
    const { icon, tone, title, details } = sentence(event, this.format, {
      queue: (name) => snapshot.queues[name]?.label,
      host: (id) => snapshot.gpu_hosts[id]?.name,
    });
    const link = webLink(event.url);
    const photo = event.thumbnail
      ? html`<immich-tools-thumbnail
          .hass=${this.hass}
          .path=${event.thumbnail}
          .alt=${event.file_name ?? ""}
        ></immich-tools-thumbnail>`
      : nothing;
    return html`<li class="event">
      <time datetime=${new Date(event.at).toISOString()}>${this.format.clockTime(event.at)}</time>
      <immich-tools-icon-tile .icon=${icon} .tone=${tone}></immich-tools-icon-tile>
      <div class="what">
        <div class="title">${title}</div>
        ${details.length ? html`<div class="secondary">${details.join(" · ")}</div>` : nothing}
      </div>
      ${
        photo === nothing
          ? nothing
          : link
            ? html`<a
                class="photo"
                href=${link}
                target="_blank"
                rel="noopener noreferrer"
                aria-label=${this.t("history.activity.open", { name: event.file_name ?? this.t("history.problem_photos.unnamed") })}
                >${photo}</a
              >`
            : html`<span class="photo">${photo}</span>`
      }
    </li>`;
  }

  private renderShapes(): TemplateResult {
    return html`<div aria-busy="true" aria-label=${this.t("card.loading")}>
      ${[0, 1, 2].map(
        () =>
          html`<div class="event shapes">
            <span class="shape"></span><span class="shape"></span><span class="shape"></span>
          </div>`,
      )}
    </div>`;
  }

  private dayName(at: number): string {
    const now = this.now();
    const day = this.format.weekdayName(at);
    if (this.format.dayOf(at) === this.format.dayOf(now)) {
      return this.t("history.activity.today", { day });
    }
    if (this.format.dayOf(at + 24 * 3600_000) === this.format.dayOf(now)) {
      return this.t("history.activity.yesterday", { day });
    }
    return this.format.fullDay(at);
  }

  private async showEarlier(before: string): Promise<void> {
    const asked = this.newest.value;
    const question = [this.filter, this.queue, this.seen.split("\n")[0]].join();
    this.loadingEarlier = true;
    try {
      const page = await this.page(before);
      const same = question === [this.filter, this.queue, this.seen.split("\n")[0]].join();
      if (page && same) {
        this.earlier = {
          ...page,
          events: [...(this.earlier ?? asked)!.events, ...page.events],
        };
      }
    } catch (error) {
      this.actionError = String((error as { message?: string })?.message ?? error);
    } finally {
      this.loadingEarlier = false;
    }
  }

  private async export(snapshot: Snapshot): Promise<void> {
    this.exporting = true;
    this.exported = null;
    const answer = (await this.act("export_history", {
      config_entry_id: snapshot.entry_id,
    })) as { path?: string; count?: number } | null;
    this.exporting = false;
    if (answer?.path) {
      this.exported = { path: answer.path, count: answer.count ?? 0 };
    }
  }
}

/** Changes with whatever an event is kept of, and with nothing else: counts change with every poll. */
function worthAsking(snapshot: Snapshot): string {
  return [
    snapshot.entry_id,
    Object.keys(snapshot.stuck).sort().join(),
    Object.values(snapshot.outcomes)
      .map(({ key, outcome, doubt }) => `${key}${outcome}${doubt}`)
      .join(),
    Object.values(snapshot.queues)
      .map(
        ({ pause, state }) =>
          `${pause?.by}${pause?.reason}${state === "idle" || state === "worker_lost" ? state : ""}`,
      )
      .join(),
    Object.values(snapshot.gpu_hosts)
      .map(({ state }) => state)
      .join(),
  ].join("\n");
}

function byDay(events: HistoryEvent[], dayOf: (at: number) => string): [string, HistoryEvent[]][] {
  const days = new Map<string, HistoryEvent[]>();
  for (const event of events) {
    const day = dayOf(event.at);
    const list = days.get(day);
    if (list) {
      list.push(event);
    } else {
      days.set(day, [event]);
    }
  }
  return [...days];
}

registerCard(
  "immich-admin-tools-activity",
  ActivityCard,
  "history.activity",
  (key) => key === "activity" || key === "last_heal",
);

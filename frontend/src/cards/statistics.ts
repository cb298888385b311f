import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { state } from "lit/decorators.js";
import { guard } from "lit/directives/guard.js";
import { ImmichCard } from "../base-card";
import { Query } from "../elements/query";
import { NBSP } from "../format";
import type { Period, Snapshot, Statistics } from "../model";
import { registerCard } from "../registry";
import { chips } from "./chips";
import { problemText } from "./problem-text";

const PERIODS: Period[] = ["today", "week", "month"];
const TELEMETRY =
  "https://github.com/immich-admin-tools/immich-admin-tools/blob/main/docs/options.md#telemetry";
const HOUR = 3600_000;
const DAY = 24 * HOUR;

/** More bars than that have no room for a number each. */
const NUMBERED = 8;

export class StatisticsCard extends ImmichCard {
  @state() private period: Period = "week";
  private entryId: string | null = null;

  /** The answer stays on show until the next, so it has to know of which period it is. */
  private statistics = new Query<Answer>(this, () => this.ask(this.period), 300);

  static override styles = [
    ImmichCard.styles,
    chips,
    css`
      .head {
        flex-wrap: wrap;
      }
      .segments {
        margin-inline-start: auto;
      }
      .chart {
        padding: 0 16px 16px;
      }
      .caption {
        color: var(--iat-secondary);
        font-size: 13px;
        line-height: 18px;
        font-weight: 500;
      }
      .bars {
        display: flex;
        gap: 2.5%;
        height: 152px;
        margin-top: 8px;
      }
      .bars.many {
        gap: 1px;
      }
      .bar {
        flex: 1;
        min-width: 0;
        max-width: 64px;
        display: flex;
        flex-direction: column;
        justify-content: end;
        align-items: center;
        font-size: 12px;
        line-height: 16px;
      }
      .bar .rest {
        flex: 1;
        display: flex;
        flex-direction: column;
        justify-content: end;
        width: 100%;
        border-bottom: 1px solid var(--iat-line);
      }
      .bar .number {
        text-align: center;
        white-space: nowrap;
      }
      .bar .column {
        flex: none;
        border-radius: 4px 4px 0 0;
        background: color-mix(in srgb, var(--primary-color) 55%, var(--iat-card));
      }
      .bar.now .column {
        background: var(--primary-color);
      }
      .bar .when {
        height: 20px;
        padding-top: 4px;
        color: var(--iat-secondary);
        white-space: nowrap;
      }
      .missing {
        padding: 8px 0 16px;
      }
      details {
        margin-top: 8px;
        font-size: 13px;
        line-height: 18px;
      }
      summary {
        padding: 6px 0;
        color: var(--iat-secondary);
        cursor: pointer;
      }
      table {
        width: 100%;
        border-collapse: collapse;
      }
      th,
      td {
        padding: 4px 0;
        text-align: start;
        font-weight: 400;
        border-top: 1px solid var(--iat-line);
      }
      th:last-child,
      td:last-child {
        text-align: end;
      }
      dl {
        display: grid;
        grid-template-columns: 1fr 1fr;
      }
      .figure {
        min-width: 0;
        padding: 12px 16px;
        border-top: 1px solid var(--iat-line);
        overflow-wrap: anywhere;
      }
      .figure.second {
        border-inline-start: 1px solid var(--iat-line);
      }
      .figure.whole {
        grid-column: 1 / -1;
      }
      dt {
        color: var(--iat-secondary);
        font-size: 13px;
        line-height: 20px;
      }
      .number-large {
        font-size: 24px;
        line-height: 32px;
        font-weight: 500;
      }
      .number-large.words {
        font-size: 18px;
        line-height: 28px;
      }
      dd.more {
        color: var(--iat-secondary);
        font-size: 12px;
        line-height: 16px;
      }
      .figure .button {
        margin-top: 12px;
      }
      .message {
        padding: 0 16px 16px;
      }
      .shapes {
        height: 430px;
        margin: 0 16px 16px;
        border-radius: 8px;
        background: var(--iat-neutral-tint);
      }
      @media (forced-colors: active) {
        .bar .column {
          forced-color-adjust: none;
          background: CanvasText;
        }
        .bar.now .column {
          background: Highlight;
        }
      }
    `,
  ];

  override getCardSize(): number {
    return 8;
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    if (this.view.status === "ready" && this.view.snapshot.entry_id !== this.entryId) {
      this.entryId = this.view.snapshot.entry_id;
      this.statistics.reset();
    }
  }

  private ask(period: Period): Promise<Answer> | null {
    if (this.entryId === null || this.view.status !== "ready") {
      return null;
    }
    return this.hass
      .callWS<Statistics>({ type: "immich_admin_tools/statistics", entry_id: this.entryId, period })
      .then((statistics) => ({ ...statistics, period }));
  }

  protected override renderCard(_snapshot: Snapshot): TemplateResult {
    const { value, problem } = this.statistics;
    return html`<ha-card>
      <div class="head">
        <h2>${this.t("history.statistics.title")}</h2>
        <fieldset class="segments">
          <legend class="visually-hidden">${this.t("history.statistics.period")}</legend>
          ${PERIODS.map(
            (period) =>
              html`<label>
                <input
                  type="radio"
                  name="period"
                  .checked=${this.period === period}
                  @change=${() => {
                    this.period = period;
                    void this.statistics.refresh();
                  }}
                />${this.t(`history.statistics.periods.${period}`)}
              </label>`,
          )}
        </fieldset>
      </div>
      ${
        problem === null
          ? nothing
          : html`<div class="message">
              <div class="note error" role="alert">
                <ha-icon icon="mdi:alert-circle"></ha-icon>
                <span class="words"
                  ><strong>${this.t("history.statistics.failed")}</strong>
                  ${problemText(problem, this.format.words)}</span
                >
                <button class="link" @click=${() => void this.statistics.refresh()}>
                  ${this.t("action.retry")}
                </button>
              </div>
            </div>`
      }
      ${
        value
          ? guard([value, this.format], () => [this.renderChart(value), this.renderFigures(value)])
          : problem === null
            ? html`<div class="shapes" aria-busy="true"></div>`
            : nothing
      }
    </ha-card>`;
  }

  private renderChart(statistics: Answer): TemplateResult {
    const { bars, period } = statistics;
    const caption = html`<div class="caption" id="caption">
      ${this.t(`history.statistics.bars.${period}`)}
    </div>`;
    if (!bars?.length) {
      const why = statistics.bars_missing ?? "not_yet";
      return html`<div class="chart">
        ${caption}
        <p class="missing secondary">${this.t(`history.statistics.missing.${why}`)}</p>
      </div>`;
    }
    const slots = withUnknown(bars, period === "today" ? HOUR : DAY);
    const highest = Math.max(...bars.map(({ jobs }) => jobs));
    const many = slots.length > NUMBERED;
    const top = slots.findIndex(({ jobs }) => jobs === highest);
    return html`<div class="chart">
      ${caption}
      <div class="bars ${many ? "many" : ""}" role="img" aria-labelledby="caption" aria-describedby="values">
        ${slots.map((bar, index) => {
          const shown = !many || (index === top && highest > 0);
          return html`<div
            class="bar ${index === slots.length - 1 ? "now" : ""}"
            title=${this.t("history.statistics.bar", { when: this.when(bar.start, period), jobs: bar.jobs === null ? this.s("not_known") : this.format.count(bar.jobs) })}
          >
            <div class="rest">
              ${shown ? html`<span class="number">${bar.jobs === null ? "?" : this.format.short(bar.jobs)}</span>` : nothing}
              ${
                bar.jobs === null
                  ? nothing
                  : html`<div
                      class="column"
                      style="height: ${highest > 0 ? (bar.jobs / highest) * 108 : 0}px"
                    ></div>`
              }
            </div>
            <div class="when">${this.mark(bar.start, period, index, slots.length)}</div>
          </div>`;
        })}
      </div>
      <details>
        <summary>${this.t("history.statistics.table")}</summary>
        <table id="values">
          <thead>
            <tr>
              <th scope="col">${this.t(`history.statistics.${period === "today" ? "hour" : "day"}`)}</th>
              <th scope="col">${this.t("history.statistics.jobs")}</th>
            </tr>
          </thead>
          <tbody>
            ${slots.map(
              (bar) =>
                html`<tr>
                  <th scope="row">${this.when(bar.start, period)}</th>
                  <td>${bar.jobs === null ? this.s("not_known") : this.format.count(bar.jobs)}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </details>
    </div>`;
  }

  private when(start: number, period: Period): string {
    return period === "today"
      ? `${this.format.clockTime(start)}–${this.format.clockTime(start + HOUR)}`
      : this.format.fullDay(start);
  }

  /** Under a bar; of many, only some have one. */
  private mark(start: number, period: Period, index: number, count: number): string {
    if (period === "week") {
      return this.format.weekdayName(start, "short");
    }
    if (period === "today") {
      const hour = this.format.wholeHour(start);
      return count <= NUMBERED || (hour !== null && hour % 6 === 0) ? this.format.clockTime(start) : "";
    }
    return count <= NUMBERED || (count - 1 - index) % 7 === 0 ? this.format.shortDay(start) : "";
  }

  private renderFigures(statistics: Answer): TemplateResult {
    const figures = [
      this.processed(statistics),
      this.busiest(statistics),
      this.average(statistics),
      this.gpu(statistics),
      this.stuck(statistics),
      this.cleared(statistics),
    ].filter((figure) => figure !== null);
    return html`<dl>
      ${figures.map(
        ({ name, value, more, words }, index) =>
          html`<div
            class="figure ${index % 2 ? "second" : ""} ${index === figures.length - 1 && index % 2 === 0 ? "whole" : ""}"
          >
            <dt>${name}</dt>
            <dd class="number-large ${words ? "words" : ""}">${value}</dd>
            <dd class="more">${more}</dd>
          </div>`,
      )}
      ${this.renderFailures(statistics)}
    </dl>`;
  }

  private s(key: string, values: Record<string, string | number> = {}): string {
    return this.t(`history.statistics.${key}`, values);
  }

  private counted(key: string, count: number): string {
    return this.s(key, { count, shown: this.format.count(count) });
  }

  private processed({ period, processed, processed_before: before }: Answer): Figure {
    const name = this.s("processed");
    if (processed === null) {
      return { name, value: this.s("unknown"), more: "", words: true };
    }
    const value = this.format.count(processed);
    if (before === null) {
      return { name, value, more: this.s(`no_comparison.${period}`) };
    }
    if (before === 0) {
      return {
        name,
        value,
        more: processed === 0 ? this.s(`same.${period}`) : this.s(`zero_before.${period}`),
      };
    }
    const change = Math.round((processed / before - 1) * 100);
    if (change === 0) {
      return { name, value, more: this.s(`same.${period}`) };
    }
    const signed = `${change > 0 ? "+" : "−"}${this.format.count(Math.abs(change))}${NBSP}%`;
    return { name, value, more: this.s(`change.${period}`, { change: signed }) };
  }

  private busiest({ period, busiest, processed }: Answer): Figure {
    const name = this.s("busiest");
    if (busiest === null) {
      return processed === 0
        ? { name, value: "0", more: this.s("no_jobs") }
        : { name, value: this.s("unknown"), more: "", words: true };
    }
    const day =
      period === "month"
        ? this.format.shortDay(busiest.start)
        : this.format.weekdayName(busiest.start, "short");
    const [from, to] = [this.format.clockTime(busiest.start), this.format.clockTime(busiest.end)];
    const more = period === "today" ? `${from}–${to}` : this.s("at", { day, from, to });
    return { name, value: this.format.count(busiest.jobs), more };
  }

  private average({ average }: Answer): Figure {
    const name = this.s("average");
    return average === null
      ? { name, value: this.s("unknown"), more: this.s("not_measured"), words: true }
      : { name, value: this.format.seconds(average.seconds), more: average.label };
  }

  private gpu({ gpu }: Answer): Figure | null {
    if (gpu === null) {
      return null;
    }
    const woken = gpu.wakes ? this.counted("gpu_woken", gpu.wakes) : this.s("gpu_never");
    const more = gpu.failed ? `${woken}, ${this.counted("gpu_failed", gpu.failed)}` : woken;
    return gpu.awake === null
      ? { name: this.s("gpu"), value: this.s("gpu_not_recorded"), more, words: true }
      : { name: this.s("gpu"), value: this.format.duration(gpu.awake), more };
  }

  private stuck({ stuck }: Answer): Figure {
    const kinds = (["photos", "videos", "other"] as const)
      .filter((kind) => stuck[kind] > 0)
      .map((kind) => this.counted(kind, stuck[kind]));
    return {
      name: this.s("stuck"),
      value: this.format.count(stuck.photos + stuck.videos + stuck.other),
      more: kinds.length ? kinds.join(", ") : this.s("none_stuck"),
    };
  }

  private cleared({ cleared }: Answer): Figure {
    const name = this.s("cleared");
    const restarts = cleared.restarts ? this.counted("restarts", cleared.restarts) : this.s("no_restart");
    if (cleared.total === 0) {
      return { name, value: "0", more: cleared.restarts ? restarts : this.s("none_cleared") };
    }
    const [part, all] = [this.format.count(cleared.confirmed), this.format.count(cleared.total)];
    return { name, value: this.s("of", { part, all }), more: restarts };
  }

  private renderFailures({ failures }: Answer): TemplateResult {
    return html`<div class="figure whole">
      <dt>${this.s("failures")}</dt>
      ${
        failures === null
          ? html`<dd class="number-large words">${this.s("not_measurable")}</dd>
              <dd class="more">${this.s("not_measurable_why")}</dd>
              <dd>
                <a class="button" href=${TELEMETRY} target="_blank" rel="noopener noreferrer">
                  <ha-icon icon="mdi:help-circle-outline"></ha-icon>${this.s("how")}
                </a>
              </dd>`
          : html`<dd class="number-large">${this.format.count(failures.failed)}</dd>
              <dd class="more">
                ${[
                  ...(failures.skipped ? [this.counted("skipped_jobs", failures.skipped)] : []),
                  this.s("since", { time: this.format.time(failures.since, this.now()) }),
                ].join(" · ")}
              </dd>`
      }
    </div>`;
  }
}

interface Slot {
  start: number;
  /** null: not known. */
  jobs: number | null;
}

/** Bars that nothing is known of are not sent: their place stays, so that time goes on evenly. */
export function withUnknown(bars: Slot[], length: number): Slot[] {
  return bars.flatMap((bar, index) => {
    const before = bars[index - 1];
    const missing = before ? Math.max(0, Math.round((bar.start - before.start) / length) - 1) : 0;
    // A day may have an hour more or less.
    const aside = length === DAY ? 2 * HOUR : 0;
    const between = Array.from({ length: missing }, (_, nth) => ({
      start: before!.start + (nth + 1) * length + aside,
      jobs: null,
    }));
    return [...between, bar];
  });
}

type Answer = Statistics & { period: Period };

interface Figure {
  name: string;
  value: string;
  more: string;
  /** The value is in words, not a number. */
  words?: boolean;
}

registerCard("immich-admin-tools-statistics", StatisticsCard, "history.statistics", (key) =>
  ["processed", "average_duration", "photos_failed"].includes(key),
);

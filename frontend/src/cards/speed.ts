import { css, html, nothing, svg, type PropertyValues, type TemplateResult } from "lit";
import { state } from "lit/decorators.js";
import { guard } from "lit/directives/guard.js";
import { ImmichCard } from "../base-card";
import { Query } from "../elements/query";
import type { Format } from "../format";
import type { GridOptions } from "../ha";
import type { Snapshot, Speed } from "../model";
import { registerCard } from "../registry";
import { axis, gaps, mean, path, stack, sum, total, type Values } from "./chart";
import { problemText } from "./problem-text";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** As many series have a colour of their own; the rest is one. */
const COLOURS = 5;
/** Events that are marked; more would cover the chart. */
const DOTS = 20;
const WIDTH = 1000;
const HEIGHT = 200;

interface Series {
  label: string;
  queues: string[];
  colour: string;
  values: Values;
}

export class SpeedCard extends ImmichCard {
  @state() private asTable = false;
  private entryId: string | null = null;
  /** The chart changes every five minutes, the rates beside it with every poll. */
  private drawn: { speed: Speed; format: Format; series: Series[] } | null = null;

  private speed = new Query<Speed>(
    this,
    () =>
      this.entryId === null || this.view.status !== "ready"
        ? null
        : this.hass
            .callWS<Speed>({ type: "immich_admin_tools/speed", entry_id: this.entryId })
            .then(sinceKnown),
    300,
  );

  static override styles = [
    ImmichCard.styles,
    css`
      ha-card {
        display: flex;
        flex-direction: column;
        min-height: 320px;
      }
      .legend {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 16px;
        padding: 0 16px 4px;
        font-size: 12px;
        line-height: 18px;
      }
      .legend li {
        display: flex;
        align-items: center;
        gap: 8px;
      }
      .legend b {
        font-weight: 500;
      }
      .swatch {
        flex: none;
        width: 12px;
        height: 12px;
        border-radius: 3px;
        border: 1px solid transparent;
        forced-color-adjust: none;
      }
      .unit {
        padding: 0 16px;
        color: var(--iat-secondary);
        font-size: 11px;
        line-height: 16px;
      }
      /* Time runs from left to right in every language. */
      .frame {
        direction: ltr;
        flex: 1;
        min-height: 140px;
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        grid-template-rows: minmax(0, 1fr) auto auto;
        gap: 0 8px;
        padding: 8px 16px 16px;
        color: var(--iat-secondary);
        font-size: 11px;
        line-height: 16px;
      }
      .scale {
        position: relative;
        min-width: 24px;
      }
      .scale .widest {
        visibility: hidden;
      }
      .scale .value {
        position: absolute;
        inset-inline-end: 0;
        transform: translateY(50%);
      }
      .plot {
        position: relative;
      }
      .plot svg {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
        overflow: visible;
      }
      .line {
        stroke: var(--iat-line);
        stroke-width: 1;
        vector-effect: non-scaling-stroke;
      }
      .gap {
        fill: var(--iat-neutral-tint);
        opacity: 0.6;
      }
      .area {
        forced-color-adjust: none;
        opacity: 0.87;
      }
      .times {
        grid-column: 2;
        position: relative;
        height: 20px;
        padding-top: 4px;
      }
      .times span {
        position: absolute;
        transform: translateX(-50%);
        white-space: nowrap;
      }
      .times .last {
        right: 0;
        transform: none;
      }
      .band {
        position: relative;
        height: 14px;
        margin-top: 2px;
        border: 1px solid var(--iat-line);
        border-radius: 3px;
        overflow: hidden;
        font-size: 11px;
        line-height: 12px;
        color: var(--iat-text);
      }
      .band-name {
        align-self: center;
        max-width: 72px;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        text-align: end;
      }
      .band .awake {
        position: absolute;
        inset-block: 0;
        overflow: hidden;
        padding-left: 4px;
        background: color-mix(in srgb, var(--primary-color) 30%, var(--iat-card));
        white-space: nowrap;
        container: awake / inline-size;
      }
      .band .awake span {
        display: none;
      }
      @container awake (min-width: 60px) {
        .band .awake .brief {
          display: inline;
        }
      }
      @container awake (min-width: 120px) {
        .band .awake .brief {
          display: none;
        }
        .band .awake .full {
          display: inline;
        }
      }
      .event {
        position: absolute;
        top: -4px;
        bottom: 0;
        width: 0;
        border: 0;
        padding: 0;
        border-left: 1px dashed var(--iat-warning-ink);
        background: none;
        font-size: 11px;
        line-height: 16px;
      }
      .event::before {
        content: "";
        position: absolute;
        top: -4px;
        left: -5px;
        width: 9px;
        height: 9px;
        border-radius: 50%;
        background: var(--warning-color);
        forced-color-adjust: none;
      }
      /* A finger is bigger than a dot. */
      .event::after {
        content: "";
        position: absolute;
        top: -20px;
        left: -16px;
        width: 32px;
        height: 40px;
      }
      .event:focus-visible {
        outline: none;
      }
      .event:focus-visible::before {
        outline: 2px solid var(--iat-primary-ink);
        outline-offset: 2px;
      }
      .tip {
        position: absolute;
        z-index: 1;
        top: -8px;
        width: max-content;
        max-width: 240px;
        padding: 0 4px;
        border-radius: 4px;
        background: var(--iat-card);
        color: var(--iat-text);
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        visibility: hidden;
      }
      .left .tip {
        right: 8px;
      }
      .right .tip {
        left: 8px;
      }
      .event:hover .tip,
      .event:focus .tip {
        z-index: 2;
        visibility: visible;
      }
      .message {
        padding: 0 16px 16px;
      }
      .empty {
        flex: 1;
        display: grid;
        place-content: center;
        padding: 16px;
        min-height: 140px;
        text-align: center;
        color: var(--iat-secondary);
      }
      .table {
        flex: 1;
        min-height: 140px;
        overflow: auto;
        margin: 0 16px 16px;
      }
      table {
        border-collapse: collapse;
        min-width: 100%;
        font-size: 12px;
        line-height: 16px;
      }
      th,
      td {
        padding: 4px 8px;
        border-bottom: 1px solid var(--iat-line);
        text-align: end;
        font-weight: 400;
        white-space: nowrap;
      }
      th:first-child {
        text-align: start;
        padding-inline-start: 0;
      }
      thead th {
        position: sticky;
        top: 0;
        background: var(--iat-card);
        color: var(--iat-secondary);
        font-weight: 500;
      }
      .shapes {
        flex: 1;
        margin: 0 16px 16px;
        border-radius: 8px;
        background: var(--iat-neutral-tint);
      }
      @container card (max-width: 499px) {
        .minor {
          display: none;
        }
        .legend {
          gap: 2px 12px;
        }
      }
      @container card (min-width: 500px) {
        .latest .tip {
          visibility: visible;
        }
      }
    `,
  ];

  override getGridOptions(): GridOptions {
    return { columns: 12, rows: 6, min_columns: 6, min_rows: 5 };
  }

  override getCardSize(): number {
    return 6;
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    if (this.view.status === "ready" && this.view.snapshot.entry_id !== this.entryId) {
      this.entryId = this.view.snapshot.entry_id;
      this.speed.reset();
    }
  }

  protected override renderCard(snapshot: Snapshot): TemplateResult {
    const { value, problem } = this.speed;
    const series = value ? this.seriesOf(value) : [];
    const missing = value ? this.missing(value, series) : null;
    return html`<ha-card>
      <div class="head">
        <h2>${this.t("history.speed.title")}</h2>
        <span class="secondary"
          >${this.t("history.speed.last_hours", { count: value ? hoursOf(value) : 24 })}</span
        >
        ${
          value && !missing
            ? html`<div class="end">
                <button
                  class="button icon"
                  aria-pressed=${this.asTable}
                  aria-label=${this.t("history.speed.table")}
                  title=${this.t(this.asTable ? "history.speed.chart" : "history.speed.table")}
                  @click=${() => (this.asTable = !this.asTable)}
                >
                  <ha-icon .icon=${this.asTable ? "mdi:chart-areaspline" : "mdi:table"}></ha-icon>
                </button>
              </div>`
            : nothing
        }
      </div>
      ${
        problem === null
          ? nothing
          : html`<div class="message">
              <div class="note error" role="alert">
                <ha-icon icon="mdi:alert-circle"></ha-icon>
                <span class="words"
                  ><strong>${this.t("history.speed.failed")}</strong>
                  ${problemText(problem, this.format.words)}</span
                >
                <button class="link" @click=${() => void this.speed.refresh()}>
                  ${this.t("action.retry")}
                </button>
              </div>
            </div>`
      }
      ${
        value === null
          ? problem === null
            ? html`<div class="shapes" aria-busy="true"></div>`
            : nothing
          : missing
            ? html`<p class="empty">${missing}</p>`
            : this.asTable
              ? guard([value, this.format], () => this.renderTable(value, series))
              : html`${this.renderLegend(series, snapshot)}${guard([value, this.format], () => this.renderChart(value, series))}`
      }
    </ha-card>`;
  }

  private seriesOf(speed: Speed): Series[] {
    if (this.drawn?.speed !== speed || this.drawn.format !== this.format) {
      this.drawn = { speed, format: this.format, series: chosen(speed, this.t("history.speed.others")) };
    }
    return this.drawn.series;
  }

  /** What is said in place of a chart. */
  private missing(speed: Speed, series: Series[]): string | null {
    if (speed.missing && speed.missing !== "not_yet") {
      return this.t(`history.speed.missing.${speed.missing}`);
    }
    const all = total(series.map(({ values }) => values));
    if (speed.missing || !all.some((value) => value !== null)) {
      return this.t("history.speed.collecting");
    }
    return null;
  }

  private renderChart(speed: Speed, series: Series[]): TemplateResult {
    const areas = stack(series.map(({ values }) => values));
    const sums = total(series.map(({ values }) => values));
    const highest = Math.max(0, ...sums.filter((value) => value !== null));
    const lines = axis(highest);
    const top = lines.at(-1)!;
    const span = Math.max(1, (sums.length - 1) * speed.step * 1000);
    const at = (time: number) => ((time - speed.start) / span) * 100;
    const mark = (value: number) => (top < 1000 ? this.format.decimal(value, 2) : this.format.short(value));
    const peak = this.t("unit.rate_minute", { value: this.format.count(highest) });
    return html` <div class="unit">${this.t("history.speed.unit")}</div>
      <div class="frame">
        <div class="scale" aria-hidden="true">
          <span class="widest">${mark(top)}</span>
          ${lines.map(
            (value) =>
              html`<span class="value" style="bottom: ${(value / top) * 100}%">${mark(value)}</span>`,
          )}
        </div>
        <div class="plot">
          <svg
            viewBox="0 0 ${WIDTH} ${HEIGHT}"
            preserveAspectRatio="none"
            role="img"
            aria-label=${this.t("history.speed.summary", { peak })}
          >
            ${lines.map((value) => {
              const y = HEIGHT - (value / top) * HEIGHT;
              return svg`<line class="line" x1="0" x2=${WIDTH} y1=${y} y2=${y}></line>`;
            })}
            ${gaps(sums).map(
              ([from, to]) =>
                svg`<rect class="gap" x=${from * WIDTH} width=${(to - from) * WIDTH} y="0" height=${HEIGHT}>
                  <title>${this.t("history.speed.gap")}</title>
                </rect>`,
            )}
            ${areas.map(
              (area, index) =>
                svg`<path class="area" style="fill: ${series[index]!.colour}" d=${path(area, top, WIDTH, HEIGHT)}></path>`,
            )}
          </svg>
          ${highest === 0 ? html`<p class="empty">${this.t("history.speed.idle", { count: hoursOf(speed) })}</p>` : nothing}
          ${this.renderEvents(speed, at)}
        </div>
        <div class="times" aria-hidden="true">
          ${ticks(speed.start, speed.start + span, (time) => this.format.wholeHour(time)).map(
            ({ time, minor }) =>
              html`<span class=${minor ? "minor" : ""} style="left: ${at(time)}%"
                >${this.format.clockTime(time)}</span
              >`,
          )}
          <span class="last">${this.t("history.speed.now")}</span>
        </div>
        ${speed.gpu.map((host) => this.renderBand(host, speed.gpu.length > 1, speed.start, span))}
      </div>`;
  }

  private renderLegend(series: Series[], snapshot: Snapshot): TemplateResult {
    return html`<ul class="legend" aria-label=${this.t("history.speed.legend")}>
      ${[...series].reverse().map(({ label, colour, queues }) => {
        const now = sum(queues.map((queue) => snapshot.queues[queue]?.rate ?? null));
        return html`<li>
          <span class="swatch" style="background: ${colour}"></span>${label}
          <b>${this.value(now) ?? nothing}</b>
        </li>`;
      })}
    </ul>`;
  }

  private renderEvents(speed: Speed, at: (time: number) => number): TemplateResult[] {
    const events = speed.events.filter(({ at: time }) => at(time) >= 0 && at(time) <= 100).slice(-DOTS);
    return events.map(({ at: time, label }, index) => {
      const text = this.t("history.speed.event", { time: this.format.clockTime(time), label });
      const side = at(time) > 50 ? "left" : "right";
      const latest = index === events.length - 1 ? "latest" : "";
      return html`<button class="event ${side} ${latest}" style="left: ${at(time)}%" aria-label=${text}>
        <span class="tip" aria-hidden="true">${text}</span>
      </button>`;
    });
  }

  private renderBand(
    host: Speed["gpu"][number],
    several: boolean,
    start: number,
    span: number,
  ): TemplateResult {
    const end = start + span;
    const times = host.awake
      .map(([from, to]) => ({ from, to, left: Math.max(start, from), right: Math.min(end, to ?? end) }))
      .filter(({ left, right }) => right > left);
    const full = (from: number, to: number | null) =>
      to === null
        ? this.t("history.speed.awake_since", { time: this.format.time(from, this.now()) })
        : this.t("history.speed.awake_for", { time: this.format.duration((to - from) / 1000) });
    return html`<span class="band-name" title=${host.name}
        >${several ? host.name : this.t("history.speed.gpu")}</span
      >
      <div
        class="band"
        role="img"
        aria-label="${host.name}: ${times.map(({ from, to }) => full(from, to)).join(", ") || this.t("history.statistics.gpu_never")}"
      >
        ${times.map(
          ({ from, to, left, right }) =>
            html`<div
              class="awake"
              title=${full(from, to)}
              style="left: ${((left - start) / span) * 100}%; width: ${((right - left) / span) * 100}%"
            >
              <span class="full">${full(from, to)}</span
              ><span class="brief">${this.t("history.speed.awake")}</span>
            </div>`,
        )}
      </div>`;
  }

  private renderTable(speed: Speed, series: Series[]): TemplateResult {
    const each = Math.max(1, Math.round(HOUR / 1000 / speed.step));
    const length = Math.max(...series.map(({ values }) => values.length));
    const rows = Array.from({ length: Math.ceil(length / each) }, (_, row) => row * each).reverse();
    const cell = (value: number | null) => this.value(value) ?? this.t("history.speed.gap");
    return html`<div class="table" tabindex="0" role="region" aria-label=${this.t("history.speed.title")}>
      <table>
        <thead>
          <tr>
            <th scope="col">${this.t("history.speed.time")}</th>
            ${series.map(({ label }) => html`<th scope="col">${label}</th>`)}
            <th scope="col">${this.t("history.speed.total")}</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map((from) => {
            const values = series.map((one) => mean(one.values.slice(from, from + each)));
            return html`<tr>
              <th scope="row">${this.format.time(speed.start + from * speed.step * 1000, this.now())}</th>
              ${values.map((value) => html`<td>${cell(value)}</td>`)}
              <td>${cell(sum(values))}</td>
            </tr>`;
          })}
        </tbody>
      </table>
    </div>`;
  }

  private value(value: number | null): string | null {
    return value === null
      ? null
      : value > 0 && value < 10
        ? this.format.decimal(value)
        : this.format.count(value);
  }
}

/** The busiest have a colour each, in the order of Immich, the first at the bottom; what has nothing is left out. */
function chosen(speed: Speed, others: string): Series[] {
  const known = speed.series.filter(({ values }) => values.some((value) => value !== null));
  const working = known.filter(({ values }) => (sum(values) ?? 0) > 0);
  const shown = working.length ? working : known.slice(0, 1);
  const busiest = new Set(
    [...shown].sort((one, other) => (sum(other.values) ?? 0) - (sum(one.values) ?? 0)).slice(0, COLOURS),
  );
  const coloured = shown
    .filter((one) => busiest.has(one))
    .map(({ queue, label, values }, index) => ({
      label,
      queues: [queue],
      values,
      colour: `var(--color-${index + 1})`,
    }));
  const rest = shown.filter((one) => !busiest.has(one));
  if (!rest.length) {
    return coloured;
  }
  const values = total(rest.map((one) => one.values));
  return [
    ...coloured,
    { label: others, queues: rest.map(({ queue }) => queue), values, colour: "var(--iat-secondary)" },
  ];
}

/** The hours since the first value, at least one: a new installation knows nothing of the day before. */
export function sinceKnown(speed: Speed): Speed {
  const length = Math.max(0, ...speed.series.map(({ values }) => values.length));
  const first = Math.min(
    length,
    ...speed.series.map(({ values }) => values.findIndex((value) => value !== null)).filter((at) => at >= 0),
  );
  const hourly = HOUR / (speed.step * 1000);
  const kept = Math.ceil(Math.max(1, (length - first) / hourly)) * hourly + 1;
  const dropped = length - kept;
  if (dropped <= 0 || first === length) {
    return speed;
  }
  const start = speed.start + dropped * speed.step * 1000;
  return {
    ...speed,
    start,
    series: speed.series.map((one) => ({ ...one, values: one.values.slice(dropped) })),
    gpu: speed.gpu.map((host) => ({
      ...host,
      awake: host.awake.filter(([, to]) => to === null || to > start),
    })),
    events: speed.events.filter(({ at }) => at >= start),
  };
}

function hoursOf(speed: Speed): number {
  const length = Math.max(0, ...speed.series.map(({ values }) => values.length));
  return Math.max(1, Math.round(((length - 1) * speed.step * 1000) / HOUR));
}

/**
 * Whole hours, every third; every sixth is shown on narrow cards too. Of a shorter time each hour, or quarter. None
 * close to the end, where "now" stands.
 */
function ticks(
  start: number,
  end: number,
  hourOf: (time: number) => number | null,
): { time: number; minor: boolean }[] {
  const found = [];
  const quarter = 15 * MINUTE;
  const span = end - start;
  const close = span / 16;
  for (let time = Math.ceil(start / quarter) * quarter; time < end - close; time += quarter) {
    const hour = hourOf(time);
    if (time <= start + close / 2) {
      continue;
    }
    if (span <= 2 * HOUR) {
      found.push({ time, minor: hour === null });
    } else if (hour !== null && span <= 8 * HOUR) {
      found.push({ time, minor: hour % 2 !== 0 });
    } else if (hour !== null && hour % 3 === 0) {
      found.push({ time, minor: hour % 6 !== 0 });
    }
  }
  return found;
}

registerCard("immich-admin-tools-speed", SpeedCard, "history.speed", (key) => key === "rate");

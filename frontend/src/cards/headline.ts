import { css, html, nothing, type TemplateResult } from "lit";
import { ImmichCard } from "../base-card";
import "../elements/icon-tile";
import type { Tone } from "../elements/icon-tile";
import { Ticker } from "../elements/ticker";
import { showMoreInfo, type GridOptions } from "../ha";
import type { GpuHost, HostState, Queue, Snapshot, StuckJob } from "../model";
import { findCard, goTo, showStuck } from "../page";
import { registerCard } from "../registry";
import {
  countOf,
  runProgress,
  stuckCounts,
  thingsOf,
  verdict,
  type Remark,
  type Verdict,
  type VerdictKind,
} from "../verdict";

/** ms between two sentences that are read aloud. */
const SAID_EVERY = 60_000;

const ICONS: Record<VerdictKind, string> = {
  restarting: "mdi:restart",
  unreachable: "mdi:lan-disconnect",
  unknown: "mdi:help-circle-outline",
  no_worker: "mdi:account-off",
  standing_still: "mdi:alert",
  gpu_failed: "mdi:desktop-tower",
  lost_slots: "mdi:image-multiple",
  running: "mdi:image-multiple",
  stuck: "mdi:alert",
  waiting_for_gpu: "mdi:power-sleep",
  held: "mdi:timer-sand",
  redis_lost: "mdi:database-off",
  all_right: "mdi:check",
};

const HOSTS: Record<HostState, { icon: string; tone: Tone }> = {
  off: { icon: "mdi:power-sleep", tone: "neutral" },
  waking: { icon: "mdi:desktop-tower", tone: "neutral" },
  booting: { icon: "mdi:desktop-tower", tone: "neutral" },
  ready: { icon: "mdi:desktop-tower", tone: "primary" },
  working: { icon: "mdi:desktop-tower", tone: "primary" },
  draining: { icon: "mdi:desktop-tower", tone: "primary" },
  shutting_down: { icon: "mdi:power-sleep", tone: "neutral" },
  wake_failed: { icon: "mdi:alert-circle", tone: "error" },
};

const SUITED = new Set(["waiting", "active", "eta", "stuck_jobs", "rate", "blocked_workers", "last_heal"]);

export class HeadlineCard extends ImmichCard {
  /** What a screen reader was told last. */
  private said = "";
  private saidAt = -Infinity;

  static override styles = [
    ...[ImmichCard.styles].flat(2),
    css`
      .body {
        display: grid;
        gap: 16px;
        padding: 16px;
      }
      .top {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        align-items: center;
        gap: 12px;
        --iat-tile-size: 44px;
      }
      .top:has(.reason) immich-tools-icon-tile {
        align-self: start;
      }
      h2 {
        font-size: 22px;
        line-height: 28px;
        font-weight: 500;
        overflow-wrap: anywhere;
      }
      .reason {
        color: var(--iat-secondary);
        overflow-wrap: anywhere;
      }
      .chips {
        grid-column: 1 / -1;
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      .chip {
        max-width: 100%;
        padding-inline: 12px 16px;
        text-align: start;
      }
      .chip span {
        min-width: 0;
        overflow-wrap: anywhere;
      }
      .chip .chevron {
        display: none;
        color: inherit;
      }
      .chip.primary {
        background: var(--iat-primary-tint);
      }
      .chip.primary ha-icon {
        color: var(--iat-primary-ink);
      }
      .chip.warning {
        background: var(--iat-warning-tint);
      }
      .chip.warning ha-icon {
        color: var(--iat-warning-ink);
      }
      .chip.error {
        background: var(--iat-error-tint);
      }
      .chip.error ha-icon {
        color: var(--iat-error-ink);
      }
      .run {
        display: grid;
        grid-template-columns: 1fr auto;
        gap: 8px 16px;
        font-size: 13px;
        line-height: 18px;
        color: var(--iat-secondary);
      }
      .bar {
        grid-column: 1 / -1;
        grid-row: 1;
        height: 6px;
        border-radius: 3px;
        background: color-mix(in srgb, var(--iat-secondary) 25%, var(--iat-card));
        overflow: hidden;
      }
      .bar div {
        height: 100%;
        border-radius: 3px;
        background: var(--primary-color);
        transition: inline-size 300ms;
      }
      .stale .bar div {
        background: var(--iat-secondary);
      }
      .shape i {
        display: block;
        border-radius: 4px;
        background: var(--iat-neutral-tint);
      }
      .shape .round {
        width: 44px;
        height: 44px;
        border-radius: 50%;
      }
      .shape .long {
        width: 60%;
        height: 22px;
        margin-block-end: 8px;
      }
      .shape .short {
        width: 40%;
        height: 12px;
      }
      @container card (min-width: 640px) {
        .body {
          gap: 20px;
          padding: 20px 24px;
        }
        .top {
          grid-template-columns: auto minmax(0, 1fr) auto;
          gap: 16px;
          --iat-tile-size: 56px;
        }
        .top:has(.reason) immich-tools-icon-tile {
          align-self: center;
        }
        h2 {
          font-size: 26px;
          line-height: 32px;
        }
        .chips {
          grid-column: auto;
          justify-content: flex-end;
          max-width: 55cqi;
        }
        .chip {
          padding-inline: 12px;
        }
        .chip .chevron {
          display: flex;
        }
        .run {
          grid-template-columns: auto minmax(0, 1fr) auto;
          align-items: center;
        }
        .bar {
          grid-column: auto;
          grid-row: auto;
        }
        .shape .round {
          width: 56px;
          height: 56px;
        }
      }
      :dir(rtl) .chevron {
        transform: scaleX(-1);
      }
      @media (forced-colors: active) {
        .bar {
          border: 1px solid CanvasText;
          height: 8px;
        }
        .bar div {
          background: Highlight;
          forced-color-adjust: none;
        }
      }
    `,
  ];

  constructor() {
    super();
    // The time left goes on between two messages.
    new Ticker(this, 30);
  }

  override getCardSize(): number {
    return 2;
  }

  override getGridOptions(): GridOptions {
    return { columns: "full", min_columns: 6, rows: "auto" };
  }

  protected override renderLoading(): TemplateResult {
    return html`<ha-card aria-busy="true">
      <div class="body shape">
        <span class="visually-hidden" role="status">${this.t("card.loading")}</span>
        <div class="top">
          <i class="round"></i>
          <div><i class="long"></i><i class="short"></i></div>
        </div>
      </div>
    </ha-card>`;
  }

  protected override renderCard(snapshot: Snapshot, stale: boolean): TemplateResult {
    const found = verdict(snapshot, this.now());
    const title = this.titleOf(found);
    const reason = stale ? this.t("headline.remark.disconnected") : this.reasonOf(found);
    const chips = stale ? [] : this.chips(snapshot, found);
    // What stands beside the verdict and is worse than it.
    const alert =
      !stale && stuckCounts(snapshot).stuck > 0 && (found.kind === "running" || found.kind === "lost_slots");
    return html`<ha-card>
      <div class="body ${stale ? "stale" : ""}">
        <div class="top">
          <immich-tools-icon-tile
            .icon=${ICONS[found.kind]}
            .tone=${stale ? "neutral" : found.tone}
            .badge=${alert || (found.kind === "lost_slots" && !stale) || found.kind === "gpu_failed" ? "mdi:alert" : null}
            .badgeTone=${found.kind === "gpu_failed" ? "error" : "warning"}
          ></immich-tools-icon-tile>
          <div>
            <h2><bdi>${title}</bdi></h2>
            ${reason ? html`<p class="reason"><bdi>${reason}</bdi></p>` : nothing}
          </div>
          ${chips.length ? html`<div class="chips">${chips}</div>` : nothing}
        </div>
        ${found.kind === "unreachable" ? nothing : this.renderRun(snapshot)}
        <div class="visually-hidden" role="status" aria-live="polite">${this.say(title)}</div>
      </div>
    </ha-card>`;
  }

  /** The sentence to be read aloud: a new one at most once a minute. */
  private say(title: string): string {
    const now = Date.now();
    if (title !== this.said && now - this.saidAt >= SAID_EVERY) {
      this.said = title;
      this.saidAt = now;
    }
    return this.said;
  }

  private titleOf(found: Verdict): string {
    const work = found.import ? "import" : "work";
    const counted = (key: string, count: number, more: Record<string, string> = {}) =>
      this.t(`headline.${key}`, { count, shown: this.format.count(count), ...more });
    const { count, host, queues } = found;
    switch (found.kind) {
      case "unreachable":
        return this.t("headline.unreachable", { time: this.time(found.since ?? 0) });
      case "no_worker":
        return queues.length === 1
          ? this.t("headline.no_worker", { queue: queues[0]?.label ?? "" })
          : counted("no_worker_several", queues.length);
      case "standing_still": {
        const what = found.everything
          ? this.t(`headline.standing_still.everything.${work}`)
          : queues.length === 1
            ? this.t("headline.standing_still.queue", { queue: queues[0]?.label ?? "" })
            : counted("standing_still.queues", queues.length);
        return count === null
          ? what
          : this.t("headline.standing_still.because", {
              what,
              who: counted(`standing_still.${found.things}`, count),
            });
      }
      case "gpu_failed": {
        const name = { host: host?.name ?? "" };
        return count === null
          ? this.t("headline.gpu_failed", name)
          : counted("gpu_failed_waiting", count, name);
      }
      case "lost_slots":
        return found.of === null
          ? counted("lost_slots.blocked", count ?? 1)
          : counted(`lost_slots.${work}`, count ?? 0, { of: this.format.count(found.of) });
      case "running":
        if (found.remaining === null) {
          return this.t(`headline.running.${work}_unknown`);
        }
        return found.remaining < 60
          ? this.t(`headline.running.${work}_soon`)
          : this.t(`headline.running.${work}`, { time: this.format.timeLeft(found.remaining) });
      case "stuck":
        return counted(`stuck.${found.things}`, count ?? 1);
      case "waiting_for_gpu": {
        const name = host?.name ?? this.t("headline.a_host");
        return found.until === null
          ? this.t("headline.waiting_for_gpu", { host: name })
          : this.t("headline.waiting_for_gpu_until", { host: name, time: this.time(found.until) });
      }
      default:
        return this.t(`headline.${found.kind}`);
    }
  }

  private reasonOf(found: Verdict): string {
    return found.remarks
      .slice(0, 2)
      .map((remark) => this.wordsOf(remark))
      .join(" · ");
  }

  private wordsOf(remark: Remark): string {
    const key = `headline.remark.${remark.kind}`;
    switch (remark.kind) {
      case "as_of":
        return this.t(key, { time: this.time(remark.at) });
      case "slow":
        return this.t(`headline.slow.${remark.things}`, {
          count: remark.count,
          shown: this.format.count(remark.count),
        });
      case "host_starts":
        return this.t(key, { host: remark.host.name });
      case "time_left":
        return remark.remaining < 60
          ? this.t("headline.remark.nearly_done")
          : this.t(key, { time: this.format.timeLeft(remark.remaining) });
      case "redis_lost":
        return this.t(key);
      default:
        return this.t(key, {
          count: remark.queues.length,
          shown: this.format.count(remark.queues.length),
          queues: this.format.list(remark.queues.map(({ label }: Queue) => label)),
          host: ("host" in remark && remark.host?.name) || this.t("headline.a_host"),
        });
    }
  }

  private chips(snapshot: Snapshot, found: Verdict): TemplateResult[] {
    const chips: TemplateResult[] = [];
    const { stuck, slow } = found.kind === "unreachable" ? { stuck: 0, slow: 0 } : stuckCounts(snapshot);
    const open = () => {
      const first = Object.values(snapshot.queues).find((queue) => queue.stuck > 0);
      if (!showStuck(this, snapshot.entry_id, null) && first?.entity_id) {
        showMoreInfo(this, first.entity_id);
      }
    };
    if (stuck > 0) {
      const which = ({ kind }: StuckJob) => kind !== "long_running";
      const things = thingsOf(snapshot, stuck, which);
      const count = countOf(snapshot, stuck, which);
      const said = found.kind === "stuck" || (found.kind === "standing_still" && found.count === stuck);
      chips.push(this.chip("mdi:alert", "warning", this.counted(`stuck.${things}`, count), open, said));
    } else if (slow > 0 && !found.remarks.some(({ kind }) => kind === "slow")) {
      const things = thingsOf(snapshot, slow, ({ kind }) => kind === "long_running");
      chips.push(this.chip("mdi:timer-sand", "neutral", this.counted(`slow.${things}`, slow), open));
    }
    for (const host of Object.values(snapshot.gpu_hosts)) {
      const { icon, tone } = HOSTS[host.state];
      const text = this.t(`headline.chip.host.${host.state}`, { host: host.name });
      const said = found.kind === "gpu_failed" && found.host === host;
      chips.push(this.chip(icon, tone, text, () => this.openHost(snapshot, host), said));
    }
    return chips;
  }

  /** `said`: the verdict has these words already. */
  private chip(icon: string, tone: Tone, text: string, open: () => void, said = false): TemplateResult {
    const short = this.t("headline.chip.show");
    return html`<button
      class="button chip ${tone}"
      aria-label=${said ? `${short}: ${text}` : nothing}
      @click=${open}
    >
      <ha-icon .icon=${icon}></ha-icon><span><bdi>${said ? short : text}</bdi></span
      ><ha-icon class="chevron" icon="mdi:chevron-right"></ha-icon>
    </button>`;
  }

  private openHost(snapshot: Snapshot, host: GpuHost): void {
    const card = findCard(
      "immich-admin-tools-gpu-host",
      (config) =>
        (config.entry_id ?? snapshot.entry_id) === snapshot.entry_id &&
        (config.host_id ?? host.host_id) === host.host_id,
    );
    if (card) {
      goTo(card);
    } else if (host.entity_id) {
      showMoreInfo(this, host.entity_id);
    }
  }

  private renderRun(snapshot: Snapshot): TemplateResult | typeof nothing {
    const run = runProgress(snapshot);
    if (!run) {
      return nothing;
    }
    const { done, all, since } = run;
    const percent = (done / all) * 100;
    const text = this.t("headline.progress", {
      count: all,
      done: this.format.count(done),
      all: this.format.count(all),
    });
    return html`<div class="run">
      <span><bdi>${text}</bdi></span>
      <div
        class="bar"
        role="progressbar"
        aria-label=${this.t("headline.progress_label")}
        aria-valuemin="0"
        aria-valuemax="100"
        aria-valuenow=${Math.floor(percent)}
        aria-valuetext=${text}
      >
        <div style="inline-size: ${percent}%"></div>
      </div>
      <span><bdi>${this.t("headline.since", { time: this.time(since) })}</bdi></span>
    </div>`;
  }

  private counted(key: string, count: number): string {
    return this.t(`headline.${key}`, { count, shown: this.format.count(count) });
  }

  private time(at: number): string {
    return this.format.time(at, this.now());
  }
}

registerCard("immich-admin-tools-headline", HeadlineCard, "headline", (key) => SUITED.has(key));

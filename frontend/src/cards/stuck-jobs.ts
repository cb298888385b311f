import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { ImmichCard } from "../base-card";
import "../elements/icon-tile";
import "../elements/question";
import "../elements/stuck-item";
import { Ticker } from "../elements/ticker";
import { errorText } from "../ha";
import {
  isLive,
  type JobAction,
  type Outcome,
  type OutcomeVerdict,
  type Snapshot,
  type StuckJob,
} from "../model";
import { registerCard } from "../registry";
import {
  ageText,
  ago,
  askAbout,
  askToClearAll,
  askToClearAndRestart,
  askToRestart,
  clearAllLabel,
  ICONS,
  idOf,
  noteOf,
  pastAgeText,
  reasonKey,
  reasonOfMany,
  REASONS,
  reasonText,
  skippedBy,
  slotsText,
  stuckQueues,
  titleKey,
  type Answer,
  type Ask,
  type Note,
  type ReasonKey,
  type Subject,
} from "../stuck-story";

/** Items that are shown before the rest is folded. */
const FOLDED = 5;
const MOST = 50;
/** Results that stand one by one; more of them are counted. */
const MOST_RESULTS = 5;
const TOLD_FOR = 600_000;
const LEAVE_FOR = 1800;
const DISMISSED = "immich_admin_tools.dismissed";

interface Entry {
  id: string;
  subject: Subject;
  job: StuckJob | null;
  answer: Answer | null;
  pending: Pending | null;
  group: number;
  since: number;
}

interface Pending {
  action: JobAction;
  job: StuckJob;
}

/** One note for all of it, such as of a restart. */
interface Told {
  note: Note;
  busy: boolean;
}

type Asking =
  { action: JobAction; id: string } | { action: "all" | "restart" | "clear_and_restart"; id: null };

interface HealedJob {
  job_id: string;
  age: number | null;
  mode: Outcome["mode"];
  outcome: OutcomeVerdict;
  doubt: Outcome["doubt"];
}

interface QueueReport {
  jobs: HealedJob[];
  skipped: { job_id: string; reason: string }[];
}

interface RestartReport {
  confirmed: boolean;
  seconds: number;
  missing: string[];
  still_paused: string[];
}

export class StuckJobsCard extends ImmichCard {
  @state() private asking: Asking | null = null;
  @state() private pending = new Map<string, Pending>();
  @state() private answers = new Map<string, { answer: Answer; subject: Subject }>();
  @state() private told: Told | null = null;
  @state() private unfolded = false;
  @state() private dismissed: Record<string, number> = readDismissed();
  /** Where an item stood while it was stuck: its result takes that place. */
  private places = new Map<string, { group: number; since: number }>();

  constructor() {
    super();
    new Ticker(this);
  }

  static override styles: CSSResultGroup = [
    ImmichCard.styles,
    css`
      .head .end {
        flex-wrap: wrap;
        justify-content: end;
      }
      .block {
        padding: 0 16px 8px;
        font-size: 14px;
        line-height: 20px;
      }
      .block .note {
        align-items: start;
        padding: 12px;
        font-size: 14px;
        line-height: 20px;
        --mdc-icon-size: 20px;
      }
      .note strong {
        font-weight: 500;
      }
      .note .button.icon {
        margin: -10px -10px -10px 0;
        --mdc-icon-size: 20px;
      }
      .spinner {
        flex: none;
        width: 18px;
        height: 18px;
        border: 3px solid var(--iat-main-tint);
        border-top-color: var(--iat-primary-ink);
        border-radius: 50%;
        animation: turn 1s linear infinite;
      }
      @keyframes turn {
        to {
          transform: rotate(1turn);
        }
      }
      .items > li + li,
      .foot {
        border-top: 1px solid var(--iat-line);
      }
      .items > li + li.said {
        padding-top: 8px;
      }
      .items > li + li:not(.said) {
        padding-top: 8px;
      }
      .foot {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: 8px 16px;
        padding: 10px 16px;
        font-size: 13px;
        line-height: 18px;
      }
      .foot immich-tools-question {
        flex: 1 1 100%;
      }
      .nothing {
        display: flex;
        align-items: center;
        gap: 12px;
        min-height: 66px;
        padding: 8px 16px;
      }
      .nothing .verdict {
        font-size: 14px;
        line-height: 20px;
        font-weight: 500;
      }
      .nothing p {
        font-size: 13px;
        line-height: 18px;
        overflow-wrap: anywhere;
      }
      .nothing .checked {
        display: none;
      }
      @container card (min-width: 600px) {
        .nothing {
          flex-direction: column;
          gap: 4px;
          padding: 24px 16px;
          text-align: center;
        }
        .nothing immich-tools-icon-tile {
          --iat-tile-size: 56px;
          margin-bottom: 8px;
        }
        .nothing .verdict {
          font-size: 18px;
          line-height: 24px;
        }
        .nothing .checked {
          display: block;
        }
      }
      .stale {
        --primary-text-color: var(--iat-secondary);
      }
      .loading {
        height: 68px;
      }
    `,
  ];

  protected override renderLoading(): TemplateResult {
    return html`<ha-card aria-busy="true" aria-label=${this.t("card.loading")}
      ><div class="loading"></div
    ></ha-card>`;
  }

  protected override renderCard(snapshot: Snapshot, stale: boolean): TemplateResult {
    const now = this.now();
    const entries = this.entries(snapshot, now);
    const stuck = entries.filter((entry) => entry.job && !entry.answer);
    const quiet =
      !entries.length &&
      snapshot.stuck_total === 0 &&
      !snapshot.lost_slots &&
      !snapshot.restart.running &&
      !this.told &&
      this.actionError === null;
    const head = quiet ? nothing : this.renderHead(snapshot, entries, stuck, stale);
    return html`<ha-card class=${stale || !isLive(snapshot) ? "stale" : ""}>
      ${head}
      <div role="status">${this.renderState(snapshot, stale, now)}</div>
      ${quiet ? this.renderNothing(snapshot, stale, now) : this.renderAll(snapshot, entries, stuck, stale, now)}
    </ha-card>`;
  }

  private renderNothing(snapshot: Snapshot, stale: boolean, now: number): TemplateResult {
    const sure = !stale && isLive(snapshot) && snapshot.source !== "redis_lost";
    const last = snapshot.last_cleared;
    return html`<div class="nothing">
      <immich-tools-icon-tile
        .icon=${sure ? "mdi:check" : "mdi:help"}
        .tone=${sure ? "success" : "neutral"}
      ></immich-tools-icon-tile>
      <div>
        <h2 class="verdict">
          ${this.t(sure ? "stuck_jobs.nothing.verdict" : "stuck_jobs.nothing.verdict_then")}
        </h2>
        <p class="secondary checked">
          ${this.t("stuck_jobs.nothing.checked", { ago: ago(this.format, (now - snapshot.as_of) / 1000) })}
        </p>
        ${
          snapshot.source === "api"
            ? html`<p class="secondary">${this.t("stuck_jobs.nothing.without_redis")}</p>`
            : last
              ? html`<p class="secondary">
                  ${this.t(last.file_name ? "stuck_jobs.nothing.last" : "stuck_jobs.nothing.last_job", {
                    file: last.file_name ?? "",
                    ago: ago(this.format, (now - last.at) / 1000),
                  })}
                </p>`
              : nothing
        }
      </div>
    </div>`;
  }

  /** What keeps all that is shown from being true now. */
  private renderState(snapshot: Snapshot, stale: boolean, now: number): TemplateResult | typeof nothing {
    const asOf = this.t("stuck_jobs.state.as_of", { time: this.format.time(snapshot.as_of, now) });
    if (stale) {
      return this.line("error", "mdi:lan-disconnect", this.t("card.disconnected"), asOf);
    }
    if (snapshot.unreachable_since !== null) {
      const since = this.format.time(snapshot.unreachable_since, now);
      return this.line(
        "error",
        "mdi:alert-circle",
        this.t("stuck_jobs.state.unreachable", { time: since }),
        asOf,
      );
    }
    if (snapshot.source === "redis_lost") {
      return this.line("", "mdi:database-off-outline", "", this.t("stuck_jobs.state.redis_lost"));
    }
    return nothing;
  }

  private line(tone: string, icon: string, verdict: string, more: string): TemplateResult {
    return html`<div class="block" style="padding-top: 8px">
      <div class="note ${tone}">
        <ha-icon .icon=${icon}></ha-icon>
        <span class="words">${verdict ? html`<strong>${verdict}</strong>` : nothing} ${more}</span>
      </div>
    </div>`;
  }

  private renderHead(snapshot: Snapshot, entries: Entry[], stuck: Entry[], stale: boolean): TemplateResult {
    const slow =
      snapshot.stuck_total > 0 && stuck.length > 0 && stuck.every(({ job }) => job?.kind === "long_running");
    const all = this.clearable(snapshot);
    const count = all.queues.reduce((sum, queue) => sum + queue.stuck, 0);
    const offered =
      this.mayAct(snapshot, stale) &&
      count > 1 &&
      !this.pending.size &&
      !this.told?.busy &&
      this.asking?.action !== "all";
    return html`<div class="head">
      <h2 tabindex="-1">
        ${this.t(
          titleKey(
            (stuck.length ? stuck : entries).map((entry) => entry.subject),
            slow,
          ),
        )}
      </h2>
      ${snapshot.stuck_total ? html`<span class="secondary">${this.format.count(snapshot.stuck_total)}</span>` : nothing}
      ${
        offered
          ? html`<span class="end">
              <button class="button text all" @click=${() => (this.asking = { action: "all", id: null })}>
                ${clearAllLabel(count, all.requeues, this.format)}
              </button>
            </span>`
          : nothing
      }
    </div>`;
  }

  private renderAll(
    snapshot: Snapshot,
    entries: Entry[],
    stuck: Entry[],
    stale: boolean,
    now: number,
  ): TemplateResult {
    const may = this.mayAct(snapshot, stale);
    const { shown, folded } = this.fold(entries);
    const together = may ? this.together(stuck) : null;
    const unlisted = Math.max(0, snapshot.stuck_total - stuck.length);
    const more = folded + unlisted;
    const unsaid = this.results(snapshot, now).length - MOST_RESULTS;
    return html`
      ${this.asking?.action === "all" ? html`<div class="block">${this.renderAsk(this.allAsk(snapshot), ".all")}</div>` : nothing}
      ${this.actionError === null ? nothing : html`<div class="block">${this.renderActionError()}</div>`}
      <div aria-live="polite">${this.renderTold(snapshot)}</div>
      ${this.renderLostSlots(snapshot, entries)} ${this.renderByHand(snapshot, entries, may)}
      <ul class="items">
        ${repeat(
          shown,
          (entry) => entry.id,
          (entry, index) => this.renderEntry(entry, shown[index - 1], stuck, snapshot, may, together, now),
        )}
      </ul>
      ${this.renderByHand(snapshot, entries, may)}
      ${
        more > 0
          ? html`<div class="foot">
              ${
                folded > 0
                  ? html`<button class="button text more" @click=${() => (this.unfolded = true)}>
                      <ha-icon icon="mdi:chevron-down"></ha-icon>
                      ${this.t("stuck_jobs.button.show_more", { count: more, shown: this.format.count(more) })}
                    </button>`
                  : html`<span class="secondary">
                      ${this.t("stuck_jobs.not_listed", { count: more, shown: this.format.count(more) })}
                    </span>`
              }
            </div>`
          : nothing
      }
      ${
        this.unfolded && stuck.length > FOLDED
          ? html`<div class="foot">
              <button class="button text less" @click=${() => (this.unfolded = false)}>
                <ha-icon icon="mdi:chevron-up"></ha-icon>${this.t("stuck_jobs.button.show_less")}
              </button>
            </div>`
          : nothing
      }
      ${
        unsaid > 0
          ? html`<div class="foot">
              <span class="secondary">
                ${this.t("stuck_jobs.more_results", { count: unsaid, shown: this.format.count(unsaid) })}
              </span>
            </div>`
          : nothing
      }
      ${this.renderFoot(snapshot, stuck, entries, may, together)}
    `;
  }

  private fold(entries: Entry[]): { shown: Entry[]; folded: number } {
    let plain = 0;
    const most = this.unfolded ? MOST : FOLDED;
    const shown = entries.filter(
      (entry) =>
        entry.answer !== null || entry.pending !== null || this.asking?.id === entry.id || plain++ < most,
    );
    return { shown, folded: entries.length - shown.length };
  }

  /** Of several, the action that is offered once below all of them. */
  private together(stuck: Entry[]): "clear_and_restart" | "restart" | null {
    for (const action of ["clear_and_restart", "restart"] as const) {
      if (stuck.filter(({ job }) => job?.actions.includes(action)).length > 1) {
        return action;
      }
    }
    return null;
  }

  private renderEntry(
    entry: Entry,
    before: Entry | undefined,
    stuck: Entry[],
    snapshot: Snapshot,
    may: boolean,
    together: string | null,
    now: number,
  ): TemplateResult {
    const { job, answer, pending } = entry;
    const format = this.format;
    let reason = "";
    let said: string | null = null;
    if (job && !answer) {
      const group = stuck.filter((other) => other.group === entry.group);
      if (group.length > 1) {
        if (before?.group !== entry.group || !before.job) {
          const key = REASONS[entry.group] as ReasonKey;
          const all =
            group.length === stuck.length ? Math.max(group.length, snapshot.stuck_total) : group.length;
          said = reasonOfMany(
            group.map((other) => other.job as StuckJob),
            key,
            all,
            format,
          );
        }
      } else {
        reason = reasonText(job, snapshot, format, now);
      }
    }
    const note = pending
      ? this.doing(pending, job !== null)
      : answer
        ? noteOf(answer, entry.subject, snapshot, format)
        : job?.under_way
          ? busyNote(this.t("stuck_jobs.state.under_way"), this.t("stuck_jobs.state.under_way_hint"))
          : null;
    const key = job ? reasonKey(job, snapshot) : null;
    const good = note?.tone === "success" || note?.tone === "info";
    const tone =
      pending || !answer
        ? key === "worker_lost"
          ? "error"
          : key === "long_running"
            ? "neutral"
            : "warning"
        : good
          ? "success"
          : "warning";
    const known = job ?? pending?.job ?? null;
    return html`<li class=${said ? "said" : ""}>
      ${said ? html`<p class="block">${said}</p>` : nothing}
      <immich-tools-stuck-item
        .hass=${this.hass}
        .format=${format}
        .subject=${known ?? entry.subject}
        .queue=${snapshot.queues[entry.subject.queue]?.label ?? entry.subject.queue}
        .age=${answer && !pending ? pastAgeText(answer, format) : known ? ageText(known, snapshot, format, now) : ""}
        .tone=${tone}
        .reason=${reason}
        .actions=${may && job ? job.actions.filter((action) => action !== together) : []}
        .ask=${
          this.asking && this.asking.id === entry.id && known
            ? askAbout(this.asking.action, known, snapshot, format)
            : null
        }
        .note=${note}
        .busy=${pending !== null || (!answer && job?.under_way === true)}
        .offersRestart=${this.offersRestart(snapshot, may)}
        @action=${(event: CustomEvent<JobAction>) => this.pressed(event.detail, known)}
        @yes=${() => this.confirmed(known)}
        @no=${() => (this.asking = null)}
        @dismiss=${() => this.dismiss(entry)}
        @restart=${() => (this.asking = { action: "restart", id: null })}
      ></immich-tools-stuck-item>
    </li>`;
  }

  private doing(pending: Pending, stillListed: boolean): Note {
    const { action } = pending;
    const gone = action === "clear" && !stillListed;
    const key = gone ? "cleared" : action;
    const next = `stuck_jobs.doing.${key === "clear_and_restart" ? "restart" : key}_next`;
    return busyNote(this.t(`stuck_jobs.doing.${key}`), this.format.words.has(next) ? this.t(next) : "");
  }

  private offersRestart(snapshot: Snapshot, may: boolean): boolean {
    return (
      may &&
      snapshot.restart.configured &&
      !snapshot.restart.running &&
      !this.told?.busy &&
      this.asking?.action !== "restart"
    );
  }

  /** Where only a restart helps and we may not do it, it is said who can. */
  private renderByHand(snapshot: Snapshot, entries: Entry[], may: boolean): TemplateResult | typeof nothing {
    const held =
      (snapshot.lost_slots ?? 0) > 0 || entries.some(({ job, answer }) => job?.kind === "hung" && !answer);
    return may && held && !snapshot.restart.configured
      ? html`<p class="block secondary">${this.t("stuck_jobs.restart_by_hand")}</p>`
      : nothing;
  }

  private renderLostSlots(snapshot: Snapshot, entries: Entry[]): TemplateResult | typeof nothing {
    const lost = snapshot.lost_slots ?? 0;
    // A result that says so stands below.
    const told = entries.some(({ answer }) => answer?.is === "outcome" && answer.outcome === "slot_lost");
    if (!lost || told) {
      return nothing;
    }
    const queues = Object.values(snapshot.queues).filter((queue) => queue.lost_slots);
    return html`<div class="block">
      <div class="note warning">
        <ha-icon icon="mdi:alert"></ha-icon>
        <p class="words">
          <strong
            >${this.t("stuck_jobs.lost_slots.verdict", { count: lost, shown: this.format.count(lost) })}</strong
          >
          ${this.t(`stuck_jobs.lost_slots.${lost === 1 ? "why_one" : "why"}`)}
          ${queues
            .filter((queue) => queue.concurrency !== null)
            .map((queue) => slotsText(queue, queue.label, this.format))
            .join(" ")}
        </p>
      </div>
    </div>`;
  }

  private renderTold(snapshot: Snapshot): TemplateResult | typeof nothing {
    const told =
      this.told ??
      (snapshot.restart.running
        ? {
            note: busyNote(this.t("stuck_jobs.state.restarting"), this.t("stuck_jobs.state.restarting_hint")),
            busy: true,
          }
        : null);
    if (!told) {
      return nothing;
    }
    const { note, busy } = told;
    return html`<div class="block">
      <div class="note told ${note.tone}" tabindex="-1">
        ${busy ? html`<span class="spinner" aria-hidden="true"></span>` : html`<ha-icon .icon=${note.icon}></ha-icon>`}
        <p class="words"><strong>${note.verdict}</strong> ${note.more}</p>
        ${
          busy
            ? nothing
            : html`<button
                class="button icon"
                aria-label=${this.t("action.dismiss")}
                title=${this.t("action.dismiss")}
                @click=${() => {
                  this.told = null;
                  this.focusOn("h2");
                }}
              >
                <ha-icon icon="mdi:close"></ha-icon>
              </button>`
        }
      </div>
    </div>`;
  }

  private renderFoot(
    snapshot: Snapshot,
    stuck: Entry[],
    entries: Entry[],
    may: boolean,
    together: "clear_and_restart" | "restart" | null,
  ): TemplateResult | typeof nothing {
    const { asking } = this;
    if (asking?.id === null && asking.action !== "all") {
      const ask =
        asking.action === "restart"
          ? askToRestart(snapshot, this.format)
          : askToClearAndRestart(snapshot, this.format);
      return html`<div class="foot">${this.renderAsk(ask, ".once")}</div>`;
    }
    const lost =
      !stuck.length &&
      (snapshot.lost_slots ?? 0) > 0 &&
      !entries.some(({ answer }) => answer?.is === "outcome" && answer.outcome === "slot_lost");
    const action = together ?? (lost ? "restart" : null);
    if (
      !action ||
      !may ||
      this.pending.size ||
      this.told?.busy ||
      snapshot.restart.running ||
      (lost && !snapshot.restart.configured)
    ) {
      return nothing;
    }
    const seconds = snapshot.restart.usual_seconds;
    return html`<div class="foot">
      <span class="secondary">
        ${
          seconds === null
            ? this.t("stuck_jobs.away_unknown")
            : this.t("stuck_jobs.away", { time: this.format.duration(seconds) })
        }
      </span>
      <button class="button once" @click=${() => (this.asking = { action, id: null })}>
        <ha-icon .icon=${ICONS[action]}></ha-icon>${this.t(`stuck_jobs.button.${action}`)}
      </button>
    </div>`;
  }

  private renderAsk(ask: Ask, backTo: string): TemplateResult {
    return html`<immich-tools-question
      .question=${ask.question}
      .consequence=${ask.consequence}
      .yes=${ask.yes}
      .yesIcon=${ask.icon}
      .no=${this.t("action.cancel")}
      @yes=${() => this.confirmed(null)}
      @no=${() => {
        this.asking = null;
        this.focusOn(backTo);
      }}
    ></immich-tools-question>`;
  }

  private mayAct(snapshot: Snapshot, stale: boolean): boolean {
    return snapshot.may_act && !stale && snapshot.unreachable_since === null;
  }

  /** The queues that one tap clears, and whether all in them are put back instead. */
  private clearable(snapshot: Snapshot): { queues: Snapshot["queues"][string][]; requeues: boolean } {
    const jobs = Object.values(snapshot.stuck);
    // What may simply be big is not cleared with others, unless it is in a queue of theirs.
    const meant = new Set(
      jobs
        .filter(
          (job) =>
            job.kind !== "long_running" && (job.actions.includes("clear") || job.actions.includes("requeue")),
        )
        .map((job) => job.queue),
    );
    const queues = stuckQueues(snapshot).filter(
      (queue) =>
        queue.writable &&
        (meant.has(queue.name) || (snapshot.stuck_total > jobs.length && queue.stuck > queue.slow)),
    );
    const theirs = jobs.filter((job) => queues.some((queue) => queue.name === job.queue));
    return { queues, requeues: theirs.length > 0 && theirs.every((job) => job.kind === "orphaned") };
  }

  private allAsk(snapshot: Snapshot): Ask {
    const { queues, requeues } = this.clearable(snapshot);
    return askToClearAll(queues, requeues, snapshot, this.format);
  }

  private get snapshot(): Snapshot | null {
    return this.view.status === "ready" ? this.view.snapshot : null;
  }

  private pressed(action: JobAction, job: StuckJob | null): void {
    const { snapshot } = this;
    if (!job || !snapshot) {
      return;
    }
    if (askAbout(action, job, snapshot, this.format)) {
      this.asking = { action, id: idOf(job) };
    } else {
      this.asking = null;
      void this.doOne(action, job, snapshot);
    }
  }

  private confirmed(job: StuckJob | null): void {
    const { asking, snapshot } = this;
    this.asking = null;
    if (!asking || !snapshot) {
      return;
    }
    if (asking.id === null) {
      void this.doAll(asking.action, snapshot);
    } else if (job) {
      void this.doOne(asking.action, job, snapshot);
    }
  }

  private async doOne(action: JobAction, job: StuckJob, snapshot: Snapshot): Promise<void> {
    const id = idOf(job);
    this.forget(id);
    this.pending = new Map(this.pending).set(id, { action, job });
    try {
      const answered = await this.ordered(action, job, snapshot);
      if (answered) {
        this.answer(id, job, answered);
      }
    } catch (error) {
      const reason = skippedBy(error);
      const age = job.since === null ? null : (this.now() - job.since) / 1000;
      const at = this.now();
      this.answer(
        id,
        job,
        reason ? { is: "skipped", reason, at, age } : { is: "error", message: errorText(error), at, age },
      );
    } finally {
      const pending = new Map(this.pending);
      pending.delete(id);
      this.pending = pending;
      if (this.told && this.shadowRoot?.activeElement?.localName === "immich-tools-stuck-item") {
        // Its note goes; what came of the restart stands above.
        this.focusOn(".told");
      }
    }
  }

  private async ordered(action: JobAction, job: StuckJob, snapshot: Snapshot): Promise<Answer | null> {
    const age = job.since === null ? null : (this.now() - job.since) / 1000;
    switch (action) {
      case "clear":
      case "requeue": {
        const response = (await this.call("clear_job", {
          config_entry_id: snapshot.entry_id,
          queue: [job.queue],
          job_id: job.job_id,
          mode: action === "clear" ? "remove" : "requeue",
        })) as { queues?: Record<string, QueueReport> };
        return answerOf(response.queues?.[job.queue], job.job_id, this.now(), age);
      }
      case "ignore":
        await this.hass.callWS({
          type: "immich_admin_tools/ignore_job",
          entry_id: snapshot.entry_id,
          queue: job.queue,
          job_id: job.job_id,
          ...(job.kind === "long_running" ? { for: LEAVE_FOR } : {}),
        });
        return { is: "ignored", kind: job.kind, at: this.now(), age };
      case "clear_and_restart":
      case "restart":
        await this.restart(action, snapshot);
        return null;
    }
  }

  private async doAll(action: "all" | "restart" | "clear_and_restart", snapshot: Snapshot): Promise<void> {
    const busy = action === "all" ? "clear" : action;
    this.told = {
      busy: true,
      note: busyNote(
        this.t(`stuck_jobs.doing.${busy}`),
        this.t(`stuck_jobs.doing.${action === "all" ? "clear" : "restart"}_next`),
      ),
    };
    this.focusOn(".told");
    try {
      if (action === "all") {
        const { queues } = this.clearable(snapshot);
        const response = (await this.call("clear_stuck", {
          config_entry_id: snapshot.entry_id,
          queue: queues.map((queue) => queue.name),
        })) as { queues?: Record<string, QueueReport> };
        this.told = { busy: false, note: this.summary(Object.values(response.queues ?? {})) };
      } else {
        await this.restart(action, snapshot);
      }
    } catch (error) {
      this.told = {
        busy: false,
        note: {
          tone: "error",
          icon: "mdi:alert-circle",
          verdict: this.t("card.action_failed"),
          more: errorText(error),
          restart: false,
        },
      };
    }
  }

  private async restart(action: "restart" | "clear_and_restart", snapshot: Snapshot): Promise<void> {
    const data = { config_entry_id: snapshot.entry_id };
    if (action === "restart") {
      this.told = {
        busy: false,
        note: this.restarted((await this.call("restart_workers", data)) as RestartReport, snapshot),
      };
      return;
    }
    const response = (await this.call("clear_all_and_restart", data)) as {
      queues?: Record<string, QueueReport>;
      restart: RestartReport;
    };
    const cleared = this.summary(Object.values(response.queues ?? {}));
    const restarted = this.restarted(response.restart, snapshot);
    this.told = {
      busy: false,
      note: {
        ...restarted,
        tone: restarted.tone === "success" ? cleared.tone : restarted.tone,
        icon: restarted.tone === "success" ? cleared.icon : restarted.icon,
        verdict: cleared.verdict,
        more: [cleared.more, restarted.verdict, restarted.more].filter(Boolean).join(" "),
      },
    };
  }

  private restarted(report: Partial<RestartReport>, snapshot: Snapshot): Note {
    const labels = (queues: string[]) =>
      this.format.list(queues.map((queue) => snapshot.queues[queue]?.label ?? queue));
    const back = report.confirmed === true;
    const more: string[] = [];
    if (back && !report.missing?.length && report.seconds !== undefined) {
      more.push(this.t("stuck_jobs.restarted.back", { time: this.format.duration(report.seconds) }));
    }
    if (report.missing?.length) {
      more.push(this.t("stuck_jobs.restarted.missing", { queues: labels(report.missing) }));
    }
    if (report.still_paused?.length) {
      more.push(this.t("stuck_jobs.restarted.still_paused", { queues: labels(report.still_paused) }));
    }
    const good = back && !report.missing?.length && !report.still_paused?.length;
    return {
      tone: good ? "success" : "warning",
      icon: good ? "mdi:check-circle" : "mdi:alert",
      verdict: this.t(`stuck_jobs.restarted.${back ? "confirmed" : "unconfirmed"}`),
      more: more.join(" "),
      restart: false,
    };
  }

  /** What came of many, worst last said but first seen by its colour. */
  private summary(reports: QueueReport[]): Note {
    const said: string[] = [];
    const count = (outcome: OutcomeVerdict) =>
      reports.reduce((sum, report) => sum + report.jobs.filter((job) => job.outcome === outcome).length, 0);
    const counts = (["confirmed", "slot_lost", "unconfirmed", "failed"] as const).map(
      (outcome) => [outcome, count(outcome)] as const,
    );
    const skipped = reports.reduce((sum, report) => sum + report.skipped.length, 0);
    for (const [key, found] of [...counts, ["skipped", skipped] as const]) {
      if (found) {
        said.push(
          this.t(`stuck_jobs.outcome.several.${key}`, { count: found, shown: this.format.count(found) }),
        );
      }
    }
    const of = Object.fromEntries(counts);
    const tone =
      of["failed"] || of["slot_lost"]
        ? "warning"
        : of["unconfirmed"] || skipped || !said.length
          ? "neutral"
          : "success";
    return {
      tone,
      icon: { warning: "mdi:alert", neutral: "mdi:information-outline", success: "mdi:check-circle" }[tone],
      verdict: said[0] ?? this.t("stuck_jobs.outcome.several.none"),
      more: said.slice(1).join(" "),
      restart: false,
    };
  }

  /** Errors come with their key: they say why a job was left alone. */
  private async call(action: string, data: Record<string, unknown>): Promise<unknown> {
    this.actionError = null;
    const { response } = await this.hass.callService(
      "immich_admin_tools",
      action,
      data,
      undefined,
      false,
      true,
    );
    return response ?? {};
  }

  private answer(id: string, subject: Subject, answer: Answer): void {
    this.answers = new Map(this.answers).set(id, { answer, subject });
  }

  private forget(id: string): void {
    const answers = new Map(this.answers);
    answers.delete(id);
    this.answers = answers;
  }

  private dismiss(entry: Entry): void {
    this.forget(entry.id);
    const now = Math.max(this.now(), entry.answer?.at ?? 0);
    this.dismissed = Object.fromEntries([
      ...Object.entries(this.dismissed).filter(([, at]) => now - at < TOLD_FOR),
      [`${this.entryId}/${entry.id}`, now],
    ]);
    try {
      sessionStorage.setItem(DISMISSED, JSON.stringify(this.dismissed));
    } catch {
      // Then it is forgotten with the page.
    }
    this.focusOn("h2");
  }

  private get entryId(): string {
    return "snapshot" in this.view ? (this.view.snapshot?.entry_id ?? "") : "";
  }

  private focusOn(selector: string): void {
    void this.updateComplete.then(() => {
      const wanted = this.renderRoot.querySelector<HTMLElement>(selector);
      (wanted ?? this.renderRoot.querySelector<HTMLElement>("h2"))?.focus();
    });
  }

  /** What is stuck and what came of what was done, each in the place that it had. */
  private entries(snapshot: Snapshot, now: number): Entry[] {
    const entries = new Map<string, Entry>();
    for (const job of Object.values(snapshot.stuck)) {
      const id = idOf(job);
      const place = { group: REASONS.indexOf(reasonKey(job, snapshot)), since: job.since ?? 0 };
      this.places.set(id, place);
      entries.set(id, { id, subject: job, job, answer: null, pending: null, ...place });
    }
    for (const [id, pending] of this.pending) {
      const entry = entries.get(id);
      if (entry) {
        entry.pending = pending;
      } else {
        entries.set(id, {
          id,
          subject: pending.job,
          job: null,
          answer: null,
          pending,
          ...this.place(id, now),
        });
      }
    }
    for (const [id, { answer, subject }] of this.answers) {
      this.put(entries, id, subject, answer, snapshot, now);
    }
    for (const outcome of this.results(snapshot, now).slice(0, MOST_RESULTS)) {
      const { at, age, doubt, mode, by } = outcome;
      this.put(
        entries,
        idOf(outcome),
        outcome,
        { is: "outcome", outcome: outcome.outcome, doubt, mode, by, at, age },
        snapshot,
        now,
      );
    }
    if (this.places.size > 500) {
      this.places = new Map([...this.places].filter(([id]) => entries.has(id)));
    }
    return [...entries.values()].sort(
      (a, b) => a.group - b.group || a.since - b.since || a.id.localeCompare(b.id),
    );
  }

  /** What came of acts, the newest first, as far as it is not dismissed. */
  private results(snapshot: Snapshot, now: number): Outcome[] {
    return Object.values(snapshot.outcomes)
      .filter((outcome) => this.isTold(idOf(outcome), outcome.at, snapshot, now))
      .sort((a, b) => b.at - a.at);
  }

  private isTold(id: string, at: number, snapshot: Snapshot, now: number): boolean {
    return now - at <= TOLD_FOR && (this.dismissed[`${snapshot.entry_id}/${id}`] ?? 0) < at;
  }

  private place(id: string, since: number): { group: number; since: number } {
    return this.places.get(id) ?? { group: REASONS.length, since };
  }

  private put(
    entries: Map<string, Entry>,
    id: string,
    subject: Subject,
    answer: Answer,
    snapshot: Snapshot,
    now: number,
  ): void {
    if (!this.isTold(id, answer.at, snapshot, now)) {
      return;
    }
    const entry = entries.get(id);
    if (entry?.pending) {
      return;
    }
    if (entry?.job) {
      // It may have got stuck anew after that.
      if ((entry.job.since ?? 0) <= answer.at) {
        entry.answer = answer;
      }
      return;
    }
    if (entry) {
      // What the server knows by now.
      entry.answer = answer;
      return;
    }
    entries.set(id, {
      id,
      subject,
      job: null,
      answer,
      pending: null,
      ...this.place(id, answer.at - (answer.age ?? 0) * 1000),
    });
  }
}

function busyNote(verdict: string, more: string): Note {
  return { tone: "info", icon: "mdi:progress-clock", verdict, more, restart: false };
}

function answerOf(
  report: QueueReport | undefined,
  jobId: string,
  at: number,
  age: number | null,
): Answer | null {
  const healed = report?.jobs.find((job) => job.job_id === jobId);
  if (healed) {
    const { outcome, doubt, mode } = healed;
    return { is: "outcome", outcome, doubt, mode, by: "user", at, age: healed.age ?? age };
  }
  const skipped = report?.skipped.find((job) => job.job_id === jobId);
  return skipped ? { is: "skipped", reason: skipped.reason, at, age } : null;
}

function readDismissed(): Record<string, number> {
  try {
    return JSON.parse(sessionStorage.getItem(DISMISSED) ?? "{}") as Record<string, number>;
  } catch {
    return {};
  }
}

registerCard("immich-admin-tools-stuck-jobs", StuckJobsCard, "stuck_jobs", (key) =>
  ["stuck_jobs", "last_heal", "blocked_workers", "oldest_active"].includes(key),
);

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query } from "lit/decorators.js";
import { shortened, type Format } from "../format";
import type { HomeAssistant } from "../ha";
import type { JobAction, StuckJob } from "../model";
import { ICONS, nameOf, folderOf, type Ask, type Note, type Subject } from "../stuck-story";
import { base, buttons, notes, tokens } from "../styles";
import "./menu";
import type { MenuItem } from "./menu";
import "./question";
import "./thumbnail";
import { element } from "../registry";

const SHOWN_BUTTONS = 2;

/**
 * A stuck photo, or one that was: what it is, and below it either what can be done, a question, or what came of it.
 * Fires `action` with what was pressed, `yes` and `no` for the question, `dismiss` and `restart` for the note.
 */
@element("immich-tools-stuck-item")
export class StuckItem extends LitElement {
  @property({ attribute: false }) hass!: HomeAssistant;
  @property({ attribute: false }) format!: Format;
  @property({ attribute: false }) subject!: Subject & Partial<Pick<StuckJob, "kind" | "times_stuck">>;
  @property() queue = "";
  @property() age = "";
  @property() tone: "warning" | "error" | "neutral" | "success" = "warning";
  /** Empty: said once for several, or there is nothing to say. */
  @property() reason = "";
  @property({ attribute: false }) actions: JobAction[] = [];
  @property({ attribute: false }) ask: Ask | null = null;
  @property({ attribute: false }) note: Note | null = null;
  /** Something is going on: it can't be dismissed. */
  @property({ type: Boolean }) busy = false;
  @property({ type: Boolean }) offersRestart = false;

  @query(".note") private noteElement!: HTMLElement | null;
  private asked: string | null = null;

  static override styles = [
    tokens,
    base,
    buttons,
    notes,
    css`
      :host {
        display: block;
        padding: 8px 16px 16px;
        animation: appear 150ms;
      }
      .about {
        display: flex;
        gap: 12px;
        min-width: 0;
      }
      .facts {
        min-width: 0;
        display: flex;
        flex-direction: column;
        font-size: 13px;
        line-height: 18px;
        overflow-wrap: anywhere;
      }
      h3 {
        font-size: 14px;
        line-height: 20px;
        font-weight: 500;
        display: -webkit-box;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 3;
        overflow: hidden;
      }
      .age {
        display: flex;
        align-items: center;
        gap: 6px;
        margin-top: 6px;
        font-weight: 500;
        --mdc-icon-size: 18px;
      }
      .age ha-icon {
        display: flex;
        flex: none;
      }
      .age.warning ha-icon {
        color: var(--iat-warning-ink);
      }
      .age.error ha-icon {
        color: var(--iat-error-ink);
      }
      .age.success ha-icon {
        color: var(--iat-success-ink);
      }
      .age.neutral ha-icon {
        color: var(--iat-secondary);
      }
      .reason {
        margin-top: 10px;
        font-size: 14px;
        line-height: 20px;
      }
      .below {
        display: flex;
        align-items: start;
        gap: 8px;
        margin-top: 12px;
      }
      .below .buttons {
        flex: 1;
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      immich-tools-question,
      .note {
        margin-top: 10px;
      }
      .note {
        align-items: start;
        padding: 12px;
        font-size: 14px;
        line-height: 20px;
        --mdc-icon-size: 20px;
        animation: appear 150ms;
      }
      .note strong {
        font-weight: 500;
      }
      .note .buttons {
        margin-top: 8px;
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
      @keyframes appear {
        from {
          opacity: 0;
        }
      }
      @media (prefers-reduced-motion: reduce) {
        :host {
          animation: none;
        }
      }
      @container card (max-width: 300px) {
        :host {
          --iat-thumbnail-size: 64px;
        }
      }
    `,
  ];

  /** What was asked goes back to its button, what was answered on to what comes of it. */
  protected override updated(changed: Map<PropertyKey, unknown>): void {
    if (!changed.has("ask") || !changed.get("ask") || this.ask) {
      return;
    }
    if (this.note) {
      this.noteElement?.focus();
    } else {
      const button = this.renderRoot.querySelector<HTMLElement>(`[data-action="${this.asked}"]`);
      const menu = this.renderRoot.querySelector("immich-tools-menu");
      (button ?? menu?.shadowRoot?.querySelector("button"))?.focus();
    }
  }

  protected override render(): TemplateResult {
    const { subject, format } = this;
    const name = nameOf(subject, format);
    const folder = subject.path ? folderOf(subject.path) : null;
    return html`<div class="about">
        <immich-tools-thumbnail
          .hass=${this.hass}
          .path=${subject.thumbnail}
          .alt=${name}
          .fallback=${subject.type === "VIDEO" ? "mdi:video-outline" : subject.asset_id ? "mdi:image-outline" : "mdi:tray-full"}
        ></immich-tools-thumbnail>
        <div class="facts">
          <h3 title=${name}>${shortened(name, 80)}</h3>
          ${folder ? html`<span class="secondary" title=${subject.path ?? ""}>${shortened(folder, 48)}</span>` : nothing}
          <span class="secondary">${this.queue}</span>
          ${
            (subject.times_stuck ?? 0) > 1
              ? html`<span class="secondary">
                  ${format.words.text("stuck_jobs.times_stuck", {
                    count: subject.times_stuck ?? 0,
                    shown: format.count(subject.times_stuck ?? 0),
                  })}
                </span>`
              : nothing
          }
          <span class="age ${this.tone}"><ha-icon icon="mdi:clock-alert-outline"></ha-icon>${this.age}</span>
        </div>
      </div>
      ${this.reason && !this.note && !this.ask ? html`<p class="reason">${this.reason}</p>` : nothing}
      ${this.note ? nothing : this.ask ? this.renderQuestion(this.ask) : this.renderButtons(name)}
      <div aria-live="polite">${this.note ? this.renderNote(this.note, name) : nothing}</div>`;
  }

  private renderQuestion(ask: Ask): TemplateResult {
    return html`<immich-tools-question
      .question=${ask.question}
      .consequence=${ask.consequence}
      .yes=${ask.yes}
      .yesIcon=${ask.icon}
      .no=${this.format.words.text("action.cancel")}
      @yes=${() => this.fire("yes")}
      @no=${() => this.fire("no")}
    ></immich-tools-question>`;
  }

  private label(action: JobAction): string {
    const leave = action === "ignore" && this.subject.kind === "long_running";
    return this.format.words.text(`stuck_jobs.button.${leave ? "leave" : action}`);
  }

  private icon(action: JobAction): string {
    return action === "ignore" && this.subject.kind === "long_running" ? "mdi:clock-outline" : ICONS[action];
  }

  private renderButtons(name: string): TemplateResult | typeof nothing {
    const { words } = this.format;
    const shown = this.actions.slice(0, SHOWN_BUTTONS);
    const menu: MenuItem[] = this.actions.slice(SHOWN_BUTTONS).map((action) => ({
      id: action,
      label: this.label(action),
      icon: this.icon(action),
    }));
    if (this.subject.url) {
      menu.push({ id: "open", label: words.text("action.open_in_immich"), icon: "mdi:open-in-new" });
    }
    if (!shown.length && !menu.length) {
      return nothing;
    }
    return html`<div class="below">
      <div class="buttons">
        ${shown.map(
          (action, index) =>
            html`<button
              class="button ${index === 0 ? "main" : ""}"
              data-action=${action}
              aria-label=${words.text("stuck_jobs.button.of", { action: this.label(action), file: name })}
              @click=${() => this.press(action)}
            >
              <ha-icon .icon=${this.icon(action)}></ha-icon>${this.label(action)}
            </button>`,
        )}
      </div>
      <immich-tools-menu
        .label=${words.text("stuck_jobs.button.more_of", { file: name })}
        .items=${menu}
        @choose=${(event: CustomEvent<string>) => this.choose(event.detail)}
      ></immich-tools-menu>
    </div>`;
  }

  private renderNote(note: Note, name: string): TemplateResult {
    const { words } = this.format;
    const restart = note.restart && this.offersRestart;
    const open = note.tone === "success" && this.subject.url;
    return html`<div class="note ${note.tone}" tabindex="-1">
      ${this.busy ? html`<span class="spinner" aria-hidden="true"></span>` : html`<ha-icon .icon=${note.icon}></ha-icon>`}
      <div class="words">
        <p><strong>${note.verdict}</strong> ${note.more}</p>
        ${
          restart || open
            ? html`<div class="buttons">
                ${
                  restart
                    ? html`<button
                          class="button main"
                          data-action="restart"
                          @click=${() => this.fire("restart")}
                        >
                          <ha-icon .icon=${ICONS.restart}></ha-icon>${words.text("stuck_jobs.button.restart")}
                        </button>
                        <button
                          class="button text"
                          aria-label=${words.text("stuck_jobs.button.of", { action: words.text("stuck_jobs.button.later"), file: name })}
                          @click=${() => this.fire("dismiss")}
                        >
                          ${words.text("stuck_jobs.button.later")}
                        </button>`
                    : nothing
                }
                ${
                  open
                    ? html`<a
                        class="button text"
                        href=${this.safeUrl ?? nothing}
                        target="_blank"
                        rel="noreferrer"
                      >
                        <ha-icon icon="mdi:open-in-new"></ha-icon>${words.text("action.open_in_immich")}
                      </a>`
                    : nothing
                }
              </div>`
            : nothing
        }
      </div>
      ${
        this.busy || restart
          ? nothing
          : html`<button
              class="button icon"
              aria-label=${words.text("stuck_jobs.button.dismiss_of", { file: name })}
              title=${words.text("action.dismiss")}
              @click=${() => this.fire("dismiss")}
            >
              <ha-icon icon="mdi:close"></ha-icon>
            </button>`
      }
    </div>`;
  }

  private get safeUrl(): string | null {
    const { url } = this.subject;
    return url && /^https?:\/\//i.test(url) ? url : null;
  }

  private choose(id: string): void {
    if (id === "open") {
      if (this.safeUrl) {
        window.open(this.safeUrl, "_blank", "noreferrer");
      }
    } else {
      this.press(id as JobAction);
    }
  }

  private press(action: JobAction): void {
    this.asked = action;
    this.dispatchEvent(new CustomEvent<JobAction>("action", { detail: action }));
  }

  private fire(name: "yes" | "no" | "dismiss" | "restart"): void {
    this.dispatchEvent(new CustomEvent(name));
  }
}

import { css, html, LitElement, nothing, svg } from "lit";
import { property } from "lit/decorators.js";
import { tokens } from "../styles";
import { element } from "../registry";

export type Tone = "primary" | "neutral" | "success" | "warning" | "error";

const RADIUS = 22.5;
const AROUND = 2 * Math.PI * RADIUS;

/** An icon on its tint; round it the progress of this run, or in its corner a badge that takes the ring's place. */
@element("immich-tools-icon-tile")
export class IconTile extends LitElement {
  @property() icon = "";
  @property({ reflect: true }) tone: Tone = "neutral";
  /** 0 to 1; null: none, or not known. */
  @property({ type: Number }) progress: number | null = null;
  /** "31 % done" */
  @property() progressLabel = "";
  @property() badge: string | null = null;
  @property() badgeTone: Tone = "neutral";

  static override styles = [
    tokens,
    css`
      :host {
        --size: var(--iat-tile-size, 40px);
        position: relative;
        display: inline-flex;
        align-items: center;
        justify-content: center;
        flex: none;
        width: var(--size);
        height: var(--size);
        border-radius: 50%;
        background: var(--iat-neutral-tint);
        color: var(--iat-secondary);
        --mdc-icon-size: calc(var(--size) / 2 + 2px);
      }
      ha-icon {
        display: flex;
      }
      :host([tone="primary"]) {
        background: var(--iat-primary-tint);
        color: var(--iat-primary-ink);
      }
      :host([tone="success"]) {
        background: var(--iat-success-tint);
        color: var(--iat-success-ink);
      }
      :host([tone="warning"]) {
        background: var(--iat-warning-tint);
        color: var(--iat-warning-ink);
      }
      :host([tone="error"]) {
        background: var(--iat-error-tint);
        color: var(--iat-error-ink);
      }
      svg {
        position: absolute;
        inset: -3px;
        width: calc(100% + 6px);
        height: calc(100% + 6px);
        transform: rotate(-90deg);
      }
      circle {
        fill: none;
        stroke: currentColor;
        stroke-width: 3;
        stroke-linecap: round;
        transition: stroke-dashoffset 300ms;
      }
      .badge {
        position: absolute;
        inset-inline-end: -4px;
        inset-block-end: -4px;
        display: flex;
        padding: 1px;
        border-radius: 50%;
        background: var(--iat-card);
        color: var(--iat-secondary);
        --mdc-icon-size: calc(var(--size) * 0.35 + 2px);
      }
      .badge.warning {
        color: var(--iat-warning-ink);
      }
      .badge.error {
        color: var(--iat-error-ink);
      }
      .badge.success {
        color: var(--iat-success-ink);
      }
      @media (prefers-reduced-motion: reduce) {
        circle {
          transition: none;
        }
      }
      @media (forced-colors: active) {
        :host {
          border: 1px solid CanvasText;
        }
      }
    `,
  ];

  protected override render() {
    return html`<ha-icon .icon=${this.icon} aria-hidden="true"></ha-icon>${
        this.badge
          ? html`<span class="badge ${this.badgeTone}" aria-hidden="true"
              ><ha-icon .icon=${this.badge}></ha-icon
            ></span>`
          : this.renderProgress()
      }`;
  }

  private renderProgress() {
    if (this.progress === null) {
      return nothing;
    }
    const part = Math.min(1, Math.max(0, this.progress));
    return html`<svg viewBox="0 0 48 48" role="img" aria-label=${this.progressLabel}>
      ${svg`<circle cx="24" cy="24" r=${RADIUS} stroke-dasharray=${AROUND} stroke-dashoffset=${AROUND * (1 - part)}></circle>`}
    </svg>`;
  }
}

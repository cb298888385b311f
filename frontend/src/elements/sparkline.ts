import { css, html, LitElement, nothing, svg } from "lit";
import { property } from "lit/decorators.js";
import { tokens } from "../styles";
import type { Tone } from "./icon-tile";
import { element } from "../registry";

const HEIGHT = 24;
const TOP = 1;
const BOTTOM = HEIGHT - 1;

/** Jobs a minute of the last hour as a line. Minutes that nobody looked at are gaps, not zeros. */
@element("immich-tools-sparkline")
export class Sparkline extends LitElement {
  @property({ attribute: false }) values: (number | null)[] = [];
  @property() label = "";
  @property({ reflect: true }) tone: Tone = "primary";

  static override styles = [
    tokens,
    css`
      :host {
        display: block;
        height: ${HEIGHT}px;
        --line: var(--iat-primary-ink);
        --area: var(--iat-primary-tint);
      }
      :host([tone="neutral"]) {
        --line: var(--iat-secondary);
        --area: var(--iat-neutral-tint);
      }
      :host([tone="warning"]) {
        --line: var(--iat-warning-ink);
        --area: var(--iat-warning-tint);
      }
      :host([tone="error"]) {
        --line: var(--iat-error-ink);
        --area: var(--iat-error-tint);
      }
      svg {
        display: block;
        width: 100%;
        height: 100%;
      }
      .line {
        fill: none;
        stroke: var(--line);
        stroke-width: 1.5;
        stroke-linejoin: round;
        stroke-linecap: round;
        vector-effect: non-scaling-stroke;
      }
      .area {
        fill: var(--area);
      }
      @media (forced-colors: active) {
        .line {
          stroke: CanvasText;
        }
        .area {
          fill: none;
        }
      }
    `,
  ];

  protected override render() {
    const parts = stretches(this.values);
    if (!parts.length) {
      return nothing;
    }
    const most = Math.max(1, ...this.values.map((value) => value ?? 0));
    const y = (value: number) => round(BOTTOM - (value / most) * (BOTTOM - TOP));
    return html`<svg
      viewBox="0 0 ${Math.max(1, this.values.length - 1)} ${HEIGHT}"
      preserveAspectRatio="none"
      role="img"
      aria-label=${this.label}
    >
      ${parts.map(({ start, values }) => {
        const line = values.map((value, index) => `${start + index} ${y(value)}`).join("L");
        const end = start + values.length - 1;
        return svg`<path class="area" d="M${start} ${HEIGHT}L${line}L${end} ${HEIGHT}Z"></path>
          <path class="line" d="M${line}"></path>`;
      })}
    </svg>`;
  }
}

function stretches(values: (number | null)[]): { start: number; values: number[] }[] {
  const parts: { start: number; values: number[] }[] = [];
  values.forEach((value, index) => {
    if (value === null) {
      return;
    }
    const last = parts.at(-1);
    if (last && last.start + last.values.length === index) {
      last.values.push(value);
    } else {
      parts.push({ start: index, values: [value] });
    }
  });
  return parts;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

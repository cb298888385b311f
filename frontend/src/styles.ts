import { css } from "lit";

/**
 * Colours are only the theme's, see docs: text is primary or secondary, colour lives in icons, rings, bars and
 * tints. Ink is a colour bent towards the text so that it can be seen on any card; a tint lies under it.
 */
export const tokens = css`
  :host {
    --iat-card: var(--ha-card-background, var(--card-background-color, #fff));
    --iat-text: var(--primary-text-color, #212121);
    --iat-secondary: var(--secondary-text-color, #727272);
    --iat-line: var(--divider-color, rgba(0, 0, 0, 0.12));
    --iat-primary-ink: color-mix(in srgb, var(--primary-color) 72%, var(--iat-text));
    --iat-success-ink: color-mix(in srgb, var(--success-color) 72%, var(--iat-text));
    --iat-warning-ink: color-mix(in srgb, var(--warning-color) 58%, var(--iat-text));
    --iat-error-ink: color-mix(in srgb, var(--error-color) 78%, var(--iat-text));
    --iat-primary-tint: color-mix(in srgb, var(--primary-color) 13%, var(--iat-card));
    --iat-success-tint: color-mix(in srgb, var(--success-color) 12%, var(--iat-card));
    --iat-warning-tint: color-mix(in srgb, var(--warning-color) 16%, var(--iat-card));
    --iat-error-tint: color-mix(in srgb, var(--error-color) 13%, var(--iat-card));
    --iat-neutral-tint: color-mix(in srgb, var(--iat-secondary) 15%, var(--iat-card));
    --iat-main-tint: color-mix(in srgb, var(--primary-color) 24%, var(--iat-card));
    --mdc-icon-size: 24px;
    color: var(--iat-text);
    font-variant-numeric: tabular-nums;
  }
`;

export const base = css`
  * {
    box-sizing: border-box;
  }
  h2,
  h3,
  p,
  ul,
  ol,
  dl,
  dd {
    margin: 0;
    padding: 0;
  }
  ul,
  ol {
    list-style: none;
  }
  button {
    font: inherit;
    color: inherit;
  }
  a {
    color: inherit;
  }
  :focus-visible {
    outline: 2px solid var(--iat-primary-ink);
    outline-offset: 2px;
  }
  .secondary {
    color: var(--iat-secondary);
  }
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      animation: none !important;
      transition: none !important;
    }
  }
`;

/** A card's frame: its title row and body. */
export const card = css`
  :host {
    display: block;
    height: 100%;
  }
  ha-card {
    container: card / inline-size;
    height: 100%;
    overflow: hidden;
  }
  .head {
    display: flex;
    align-items: center;
    gap: 6px;
    min-height: 56px;
    padding: 8px 16px;
  }
  .head h2 {
    font-size: 16px;
    line-height: 24px;
    font-weight: 500;
  }
  .head .secondary {
    font-size: 14px;
    line-height: 20px;
  }
  .head .end {
    margin-inline-start: auto;
    display: flex;
    align-items: center;
  }
  .stale {
    color: var(--iat-secondary);
  }
`;

/** Buttons: main is tinted, plain is grey, text has no surface, icon is round. 40 px drawn, 48 to hit. */
export const buttons = css`
  .button {
    position: relative;
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-height: 40px;
    padding: 8px 16px;
    border: 1px solid transparent;
    border-radius: 20px;
    background: var(--iat-neutral-tint);
    color: var(--iat-text);
    font-size: 14px;
    line-height: 20px;
    font-weight: 500;
    text-decoration: none;
    cursor: pointer;
    --mdc-icon-size: 18px;
  }
  .button::after {
    content: "";
    position: absolute;
    inset: -5px 0;
  }
  .button ha-icon {
    display: flex;
    flex: none;
  }
  .button.main {
    background: var(--iat-main-tint);
  }
  .button.main ha-icon {
    color: var(--iat-primary-ink);
  }
  .button.text {
    background: none;
    padding: 8px;
  }
  .button.icon {
    width: 40px;
    padding: 0;
    border-radius: 50%;
    background: none;
    color: var(--iat-secondary);
    --mdc-icon-size: 24px;
    flex: none;
  }
  .button.icon::after {
    inset: -4px;
  }
  .button.icon.filled {
    background: var(--iat-neutral-tint);
    color: var(--iat-text);
  }
  .button[disabled] {
    opacity: 0.5;
    cursor: default;
  }
  @media (hover: hover) {
    .button:hover:not([disabled]) {
      background: color-mix(in srgb, var(--iat-text) 8%, var(--iat-neutral-tint));
    }
    .button.main:hover:not([disabled]) {
      background: color-mix(in srgb, var(--iat-text) 8%, var(--iat-main-tint));
    }
    .button.text:hover:not([disabled]),
    .button.icon:hover:not([disabled]) {
      background: color-mix(in srgb, var(--iat-text) 8%, transparent);
    }
  }
  @media (forced-colors: active) {
    .button {
      border-color: ButtonText;
    }
  }
`;

/** A line that says what is the matter, tinted by how bad it is. */
export const notes = css`
  .note {
    display: flex;
    align-items: center;
    gap: 12px;
    padding: 6px 12px;
    border-radius: 8px;
    border: 1px solid transparent;
    background: var(--iat-neutral-tint);
    font-size: 13px;
    line-height: 18px;
    --mdc-icon-size: 18px;
  }
  .note > ha-icon {
    display: flex;
    flex: none;
    color: var(--iat-secondary);
  }
  .note.info {
    background: var(--iat-primary-tint);
  }
  .note.info > ha-icon {
    color: var(--iat-primary-ink);
  }
  .note.success {
    background: var(--iat-success-tint);
  }
  .note.success > ha-icon {
    color: var(--iat-success-ink);
  }
  .note.warning {
    background: var(--iat-warning-tint);
  }
  .note.warning > ha-icon {
    color: var(--iat-warning-ink);
  }
  .note.error {
    background: var(--iat-error-tint);
  }
  .note.error > ha-icon {
    color: var(--iat-error-ink);
  }
  .note .words {
    flex: 1;
    min-width: 0;
    overflow-wrap: anywhere;
  }
  .note .link {
    position: relative;
    border: 0;
    background: none;
    padding: 4px 0;
    font-weight: 500;
    text-align: end;
    text-decoration: underline;
    text-underline-offset: 2px;
    cursor: pointer;
  }
  .note .link::after {
    content: "";
    position: absolute;
    inset: -10px -8px;
  }
  @media (forced-colors: active) {
    .note {
      border-color: CanvasText;
    }
  }
`;

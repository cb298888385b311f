import { css } from "lit";

/** One of several: native radio buttons and selects, drawn as chips or as one bar of segments. */
export const chips = css`
  .chip {
    position: relative;
    display: inline-flex;
    align-items: center;
    gap: 8px;
    min-height: 32px;
    padding: 4px 12px;
    border: 1px solid var(--iat-line);
    border-radius: 8px;
    font-size: 13px;
    line-height: 18px;
    font-weight: 500;
    cursor: pointer;
    --mdc-icon-size: 18px;
  }
  .chip::after {
    content: "";
    position: absolute;
    inset: -6px 0;
    pointer-events: none;
  }
  .chip ha-icon {
    display: flex;
    flex: none;
  }
  .chip input,
  .segments input {
    position: absolute;
    inset: -6px 0;
    width: 100%;
    height: calc(100% + 12px);
    margin: 0;
    opacity: 0;
    cursor: pointer;
  }
  .chip:has(input:checked) {
    background: var(--iat-main-tint);
    border-color: transparent;
  }
  .chip:has(:focus-visible),
  .segments label:has(:focus-visible) {
    outline: 2px solid var(--iat-primary-ink);
    outline-offset: 2px;
  }
  .chip.choice {
    padding: 0;
    min-width: 0;
    max-width: 100%;
  }
  .chip.choice select {
    appearance: none;
    field-sizing: content;
    min-height: 30px;
    max-width: 100%;
    padding: 4px 34px 4px 12px;
    padding-inline: 12px 34px;
    border: 0;
    border-radius: 8px;
    background: none;
    color: inherit;
    font: inherit;
    text-overflow: ellipsis;
    cursor: pointer;
    outline: none;
  }
  .chip.choice option {
    background: var(--iat-card);
    color: var(--iat-text);
  }
  .chip.choice ha-icon {
    position: absolute;
    inset-inline-end: 8px;
    pointer-events: none;
  }
  .segments {
    display: inline-flex;
    flex: none;
    margin: 0;
    padding: 2px;
    border: 1px solid transparent;
    border-radius: 18px;
    background: var(--iat-neutral-tint);
  }
  .segments label {
    position: relative;
    display: inline-flex;
    align-items: center;
    min-height: 28px;
    padding: 4px 12px;
    border: 1px solid transparent;
    border-radius: 14px;
    font-size: 13px;
    line-height: 18px;
    font-weight: 500;
    cursor: pointer;
  }
  .segments label:has(input:checked) {
    background: var(--iat-card);
    border-color: var(--iat-line);
  }
  @media (forced-colors: active) {
    .chip:has(input:checked),
    .segments label:has(input:checked) {
      border: 2px solid Highlight;
    }
    .segments {
      border-color: CanvasText;
    }
  }
`;

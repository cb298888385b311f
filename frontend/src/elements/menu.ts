import { css, html, LitElement, nothing } from "lit";
import { property, query, state } from "lit/decorators.js";
import { base, buttons, tokens } from "../styles";
import { element } from "../registry";

export interface MenuItem {
  id: string;
  label: string;
  icon: string;
}

/**
 * A button with three dots and what it opens. Fires `choose` with the id of an item. Home Assistant's own menus are
 * loaded only by some of its pages, and differ between its releases.
 */
@element("immich-tools-menu")
export class Menu extends LitElement {
  @property() label = "";
  @property({ attribute: false }) items: MenuItem[] = [];
  @state() private open = false;
  @query("button") private button!: HTMLButtonElement;
  @query("[role=menu]") private menu!: HTMLElement | null;

  static override styles = [
    tokens,
    base,
    buttons,
    css`
      :host {
        display: inline-flex;
      }
      [role="menu"] {
        position: fixed;
        inset: auto;
        margin: 0;
        padding: 8px 0;
        min-width: 200px;
        max-width: min(320px, calc(100vw - 16px));
        max-height: calc(100vh - 16px);
        overflow: auto;
        border: 1px solid var(--iat-line);
        border-radius: 12px;
        background: var(--iat-card);
        color: var(--iat-text);
        box-shadow: 0 4px 16px rgb(0 0 0 / 0.24);
      }
      [role="menuitem"] {
        display: flex;
        align-items: center;
        gap: 16px;
        width: 100%;
        min-height: 44px;
        padding: 8px 16px;
        border: 0;
        background: none;
        font-size: 14px;
        line-height: 20px;
        text-align: start;
        cursor: pointer;
        --mdc-icon-size: 20px;
      }
      [role="menuitem"] ha-icon {
        display: flex;
        color: var(--iat-secondary);
      }
      [role="menuitem"]:hover,
      [role="menuitem"]:focus-visible {
        background: var(--iat-neutral-tint);
        outline-offset: -2px;
      }
    `,
  ];

  protected override render() {
    if (!this.items.length) {
      return nothing;
    }
    return html`<button
        class="button icon"
        aria-label=${this.label}
        title=${this.label}
        aria-haspopup="menu"
        aria-expanded=${this.open}
        @click=${this.toggle}
      >
        <ha-icon icon="mdi:dots-vertical"></ha-icon>
      </button>
      <div
        role="menu"
        popover="auto"
        aria-label=${this.label}
        @toggle=${this.toggled}
        @keydown=${this.pressed}
      >
        ${
          this.open
            ? this.items.map(
                (item) =>
                  html`<button role="menuitem" tabindex="-1" @click=${() => this.choose(item)}>
                    <ha-icon .icon=${item.icon}></ha-icon><span>${item.label}</span>
                  </button>`,
              )
            : nothing
        }
      </div>`;
  }

  private toggle = async (): Promise<void> => {
    if (this.open) {
      this.menu?.hidePopover();
      return;
    }
    this.open = true;
    await this.updateComplete;
    this.menu?.showPopover();
    this.place();
    this.entries[0]?.focus();
  };

  private get entries(): HTMLElement[] {
    return [...(this.menu?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
  }

  /** Below the button, or above it where there is no room; never outside of the window. */
  private place(): void {
    const menu = this.menu;
    if (!menu) {
      return;
    }
    const at = this.button.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = menu;
    const left = getComputedStyle(this).direction === "rtl" ? at.left : at.right - width;
    const below = at.bottom + height + 8 <= innerHeight;
    menu.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
    menu.style.top = `${Math.max(8, below ? at.bottom : at.top - height)}px`;
  }

  private toggled = (event: Event): void => {
    if ((event as ToggleEvent).newState === "closed") {
      this.open = false;
    }
  };

  private pressed = (event: KeyboardEvent): void => {
    const entries = this.entries;
    const focused = entries.indexOf(this.shadowRoot?.activeElement as HTMLElement);
    const next = {
      ArrowDown: focused + 1,
      ArrowUp: focused - 1,
      Home: 0,
      End: -1,
    }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      entries.at(next % entries.length)?.focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.stopPropagation();
      this.menu?.hidePopover();
      this.button.focus();
    }
  };

  private choose(item: MenuItem): void {
    this.menu?.hidePopover();
    this.button.focus();
    this.dispatchEvent(new CustomEvent<string>("choose", { detail: item.id }));
  }
}

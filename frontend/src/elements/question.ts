import { css, html, LitElement } from "lit";
import { property, query } from "lit/decorators.js";
import { base, buttons, tokens } from "../styles";
import { element } from "../registry";

/** Asks in place before something that can't be undone. Fires `yes` or `no`; Escape is no. */
@element("immich-tools-question")
export class Question extends LitElement {
  @property() question = "";
  @property() consequence = "";
  @property() yes = "";
  @property() yesIcon = "mdi:broom";
  @property() no = "";
  @query(".yes") private answer!: HTMLButtonElement;

  static override styles = [
    tokens,
    base,
    buttons,
    css`
      :host {
        display: block;
        padding: 12px;
        border: 1px solid transparent;
        border-radius: 8px;
        background: var(--iat-warning-tint);
        font-size: 14px;
        line-height: 20px;
      }
      .ask {
        display: grid;
        grid-template-columns: auto 1fr;
        gap: 8px 12px;
      }
      .ask > ha-icon {
        display: flex;
        color: var(--iat-warning-ink);
        --mdc-icon-size: 20px;
      }
      p {
        overflow-wrap: anywhere;
      }
      strong {
        font-weight: 500;
      }
      .answers {
        grid-column: 2;
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      @media (forced-colors: active) {
        :host {
          border-color: CanvasText;
        }
      }
    `,
  ];

  protected override firstUpdated(): void {
    this.answer.focus();
  }

  protected override render() {
    return html`<div class="ask" role="group" aria-labelledby="question" @keydown=${this.pressed}>
      <ha-icon icon="mdi:help-circle-outline"></ha-icon>
      <p id="question"><strong>${this.question}</strong> ${this.consequence}</p>
      <div class="answers">
        <button class="button main yes" @click=${() => this.say("yes")}>
          <ha-icon .icon=${this.yesIcon}></ha-icon>${this.yes}
        </button>
        <button class="button text no" @click=${() => this.say("no")}>${this.no}</button>
      </div>
    </div>`;
  }

  private pressed = (event: KeyboardEvent): void => {
    if (event.key === "Escape") {
      event.stopPropagation();
      this.say("no");
    }
  };

  private say(answer: "yes" | "no"): void {
    this.dispatchEvent(new CustomEvent(answer));
  }
}

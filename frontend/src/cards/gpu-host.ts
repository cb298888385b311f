import { css, html, nothing, svg, type CSSResultGroup, type TemplateResult } from "lit";
import { state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { entryForm, ImmichCard, openIntegration } from "../base-card";
import "../elements/icon-tile";
import "../elements/menu";
import type { MenuItem } from "../elements/menu";
import { Ticker } from "../elements/ticker";
import { navigate, showMoreInfo, type CardConfig, type CardForm } from "../ha";
import { dayOf, hostStory, type Bar, type Day, type HostButton } from "../host-story";
import { isLive, type GpuHost, type Snapshot } from "../model";
import { registerCard } from "../registry";

interface GpuHostConfig extends CardConfig {
  /** Which GPU box; without it all of them. */
  host_id?: string;
  title?: string;
}

export class GpuHostCard extends ImmichCard<GpuHostConfig> {
  /** Hosts that were just asked for something. */
  @state() private asked: Record<string, HostButton["id"]> = {};

  constructor() {
    super();
    new Ticker(this, 5);
  }

  static override getConfigForm(): CardForm {
    return entryForm(
      [
        { name: "host_id", selector: { text: {} } },
        { name: "title", selector: { text: {} } },
      ],
      { host_id: "gpu_host.editor.host_id" },
    );
  }

  static override styles: CSSResultGroup = [
    ImmichCard.styles,
    css`
      .host {
        display: flex;
        flex-direction: column;
        gap: 12px;
        padding: 16px;
      }
      .host + .host {
        border-top: 1px solid var(--iat-line);
      }
      .top {
        display: flex;
        align-items: center;
        gap: 14px;
        --iat-tile-size: 48px;
      }
      .top > div {
        flex: 1;
        min-width: 0;
        overflow-wrap: anywhere;
      }
      .name {
        font-size: 13px;
        line-height: 18px;
        color: var(--iat-secondary);
      }
      .verdict {
        font-size: 18px;
        line-height: 24px;
        font-weight: 500;
      }
      .reason,
      .checks {
        font-size: 14px;
        line-height: 20px;
      }
      .checks {
        display: grid;
        gap: 4px;
      }
      .checks li {
        display: flex;
        gap: 8px;
        --mdc-icon-size: 18px;
      }
      .checks ha-icon {
        display: flex;
        flex: none;
        color: var(--iat-error-ink);
      }
      .checks strong {
        font-weight: 500;
        overflow-wrap: anywhere;
      }
      dl {
        display: grid;
        gap: 4px;
        font-size: 14px;
        line-height: 20px;
      }
      dl > div {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: 0 16px;
      }
      dt {
        color: var(--iat-secondary);
      }
      dd {
        font-weight: 500;
      }
      .bar,
      .day {
        width: 100%;
      }
      .track {
        height: 6px;
        border-radius: 3px;
        overflow: hidden;
        background: color-mix(in srgb, var(--iat-secondary) 24%, var(--iat-card));
      }
      .done {
        height: 100%;
        border-radius: 3px;
        background: var(--primary-color);
        transition: width 300ms;
      }
      .done.neutral {
        background: var(--iat-secondary);
      }
      .day svg {
        display: block;
        width: 100%;
        height: 12px;
        border-radius: 2px;
        background: color-mix(in srgb, var(--iat-secondary) 20%, var(--iat-card));
      }
      .day rect {
        fill: var(--primary-color);
      }
      :host(:dir(rtl)) .day svg {
        transform: scaleX(-1);
      }
      .ends {
        display: flex;
        flex-wrap: wrap;
        justify-content: space-between;
        gap: 0 12px;
        margin-top: 4px;
        font-size: 12px;
        line-height: 16px;
        color: var(--iat-secondary);
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
      }
      .note {
        align-items: start;
      }
      .none {
        display: grid;
        justify-items: start;
        gap: 12px;
      }
      .loading {
        height: 160px;
      }
      .block {
        padding: 12px 16px 0;
      }
      @media (forced-colors: active) {
        .track,
        .day svg {
          border: 1px solid CanvasText;
        }
        .done {
          background: Highlight;
          forced-color-adjust: none;
        }
        .day rect {
          fill: Highlight;
          forced-color-adjust: none;
        }
      }
    `,
  ];

  protected override renderLoading(): TemplateResult {
    return html`<ha-card aria-busy="true" aria-label=${this.t("card.loading")}
      ><div class="loading"></div
    ></ha-card>`;
  }

  protected override renderCard(snapshot: Snapshot, stale: boolean): TemplateResult {
    const wanted = this.config?.host_id;
    const hosts = Object.values(snapshot.gpu_hosts).filter((host) => !wanted || host.host_id === wanted);
    const now = this.now();
    if (!hosts.length) {
      return this.renderNone(wanted !== undefined && wanted !== "");
    }
    const old = stale || !isLive(snapshot);
    return html`<ha-card class=${old ? "stale" : ""}>
      ${this.config?.title ? html`<div class="head"><h2>${this.config.title}</h2></div>` : nothing}
      <div role="status">${this.renderState(snapshot, stale, now)}</div>
      ${this.actionError === null ? nothing : html`<div class="block">${this.renderActionError()}</div>`}
      ${repeat(
        hosts,
        (host) => host.host_id,
        (host) => this.renderHost(host, snapshot, snapshot.may_act && !stale, now),
      )}
    </ha-card>`;
  }

  private renderState(snapshot: Snapshot, stale: boolean, now: number): TemplateResult | typeof nothing {
    if (!stale && snapshot.unreachable_since === null) {
      return nothing;
    }
    const verdict = stale
      ? this.t("card.disconnected")
      : this.t("gpu_host.state.unreachable", {
          time: this.format.time(snapshot.unreachable_since ?? now, now),
        });
    return html`<div class="block">
      <div class="note error">
        <ha-icon .icon=${stale ? "mdi:lan-disconnect" : "mdi:alert-circle"}></ha-icon>
        <span class="words">
          ${verdict} ${this.t("gpu_host.state.as_of", { time: this.format.time(snapshot.as_of, now) })}
        </span>
      </div>
    </div>`;
  }

  private renderNone(gone: boolean): TemplateResult {
    return html`<ha-card>
      <div class="host none">
        <div class="top">
          <immich-tools-icon-tile icon="mdi:desktop-tower"></immich-tools-icon-tile>
          <h2 class="verdict">${this.t(gone ? "gpu_host.not_there" : "gpu_host.none")}</h2>
        </div>
        <p class="reason">${this.t(gone ? "gpu_host.not_there_hint" : "gpu_host.none_hint")}</p>
        ${
          this.hass.user?.is_admin && !gone
            ? html`<button class="button" @click=${openIntegration}>${this.t("gpu_host.add")}</button>`
            : nothing
        }
      </div>
    </ha-card>`;
  }

  private renderHost(host: GpuHost, snapshot: Snapshot, may: boolean, now: number): TemplateResult {
    const story = hostStory(host, snapshot.queues, this.format, now);
    const day = story.day ? dayOf(host, this.format, now) : null;
    return html`<section class="host" aria-label=${host.name}>
      <div class="top">
        <immich-tools-icon-tile .icon=${story.icon} .tone=${story.tone}></immich-tools-icon-tile>
        <div>
          <p class="name">${host.name}</p>
          <h2 class="verdict" aria-live="polite">${story.verdict}</h2>
        </div>
        <immich-tools-menu
          .label=${this.t("gpu_host.more_of", { host: host.name })}
          .items=${this.menuOf(host)}
          @choose=${(event: CustomEvent<string>) => this.choose(event.detail, host)}
        ></immich-tools-menu>
      </div>
      ${
        story.warning
          ? html`<div class="note warning">
              <ha-icon icon="mdi:alert"></ha-icon><span class="words">${story.warning}</span>
            </div>`
          : nothing
      }
      ${story.reason ? html`<p class="reason">${story.reason}</p>` : nothing}
      ${
        story.checks.length
          ? html`<ul class="checks">
              ${story.checks.map(
                (check) =>
                  html`<li>
                    <ha-icon icon="mdi:chevron-right"></ha-icon>
                    <span
                      >${check.text} ${check.value ? html`<strong>${check.value}</strong>` : nothing}</span
                    >
                  </li>`,
              )}
            </ul>`
          : nothing
      }
      ${
        story.facts.length
          ? html`<dl>
              ${story.facts.map(
                (fact) =>
                  html`<div>
                    <dt>${fact.label}</dt>
                    <dd>${fact.value}</dd>
                  </div>`,
              )}
            </dl>`
          : nothing
      }
      ${story.bar ? renderBar(story.bar) : nothing} ${day ? this.renderDay(day) : nothing}
      ${
        may && story.buttons.length
          ? html`<div class="buttons">${story.buttons.map((button) => this.renderButton(button, host))}</div>`
          : nothing
      }
    </section>`;
  }

  private renderButton(button: HostButton, host: GpuHost): TemplateResult {
    return html`<button
      class="button ${button.main ? "main" : ""}"
      data-action=${button.id}
      aria-label=${this.t("gpu_host.button.of", { action: button.label, host: host.name })}
      ?disabled=${this.asked[host.host_id] !== undefined}
      @click=${() => this.pressed(button, host)}
    >
      <ha-icon .icon=${button.icon}></ha-icon>${button.label}
    </button>`;
  }

  private renderDay(day: Day): TemplateResult {
    return html`<div class="day">
      <svg viewBox="0 0 1000 12" preserveAspectRatio="none" role="img" aria-label=${day.spoken}>
        ${day.spans.map(
          ({ start, end }) =>
            svg`<rect x=${start * 1000} y="0" width=${Math.max(3, (end - start) * 1000)} height="12"></rect>`,
        )}
      </svg>
      <div class="ends" aria-hidden="true">
        <span>${this.format.time(day.from, day.from)}</span><span>${day.text}</span
        ><span>${this.t("gpu_host.day.now")}</span>
      </div>
    </div>`;
  }

  private menuOf(host: GpuHost): MenuItem[] {
    return [
      ...(host.entity_id
        ? [{ id: "more_info", label: this.t("gpu_host.more_info"), icon: "mdi:information-outline" }]
        : []),
      ...(host.device_id && this.hass.user?.is_admin
        ? [{ id: "device", label: this.t("gpu_host.device"), icon: "mdi:devices" }]
        : []),
    ];
  }

  private choose(id: string, host: GpuHost): void {
    if (id === "more_info" && host.entity_id) {
      showMoreInfo(this, host.entity_id);
    } else if (id === "device" && host.device_id) {
      navigate(`/config/devices/device/${host.device_id}`);
    }
  }

  private async pressed(button: HostButton, host: GpuHost): Promise<void> {
    if (button.id === "repairs") {
      navigate("/config/repairs");
      return;
    }
    if (!host.device_id) {
      return;
    }
    this.asked = { ...this.asked, [host.host_id]: button.id };
    await this.act(button.id, { device_id: [host.device_id] });
    const { [host.host_id]: _done, ...others } = this.asked;
    this.asked = others;
  }
}

function renderBar(bar: Bar): TemplateResult {
  const percent = Math.round(bar.part * 100);
  return html`<div class="bar">
    <div
      class="track"
      role="progressbar"
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow=${percent}
      aria-valuetext=${[bar.start, bar.end].filter(Boolean).join(", ")}
      aria-label=${bar.start}
    >
      <div class="done ${bar.tone}" style="width: ${percent}%"></div>
    </div>
    <div class="ends" aria-hidden="true"><span>${bar.start}</span><span>${bar.end}</span></div>
  </div>`;
}

registerCard("immich-admin-tools-gpu-host", GpuHostCard, "gpu_host", (key) => key.startsWith("gpu_"));

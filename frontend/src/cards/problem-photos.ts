import { css, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";
import { repeat } from "lit/directives/repeat.js";
import { ImmichCard } from "../base-card";
import { Query } from "../elements/query";
import "../elements/thumbnail";
import { shortened } from "../format";
import type { ProblemAsset, Snapshot } from "../model";
import { registerCard } from "../registry";
import { webLink } from "./links";
import { problemText } from "./problem-text";

export class ProblemPhotosCard extends ImmichCard {
  private entryId: string | null = null;
  private stuck = "";

  private assets = new Query<ProblemAsset[]>(
    this,
    () =>
      this.entryId === null || this.view.status !== "ready"
        ? null
        : this.hass.callWS<ProblemAsset[]>({
            type: "immich_admin_tools/problem_assets",
            entry_id: this.entryId,
          }),
    60,
  );

  static override styles = [
    ImmichCard.styles,
    css`
      .hint {
        padding: 0 16px 12px;
      }
      ul {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(100%, 420px), 1fr));
        gap: 0 24px;
        padding: 0 16px 8px;
      }
      li {
        display: flex;
        align-items: center;
        gap: 16px;
        min-width: 0;
        padding: 12px 0;
        border-top: 1px solid var(--iat-line);
        overflow-wrap: anywhere;
      }
      .about {
        flex: 1;
        min-width: 0;
      }
      .name {
        font-weight: 500;
      }
      .about .secondary {
        font-size: 13px;
        line-height: 18px;
      }
      .nothing {
        display: flex;
        align-items: center;
        gap: 12px;
        padding: 16px;
      }
      .nothing ha-icon {
        color: var(--iat-success-ink);
      }
      .message {
        padding: 0 16px 16px;
      }
      .shapes {
        height: 112px;
        margin: 0 16px 16px;
        border-radius: 8px;
        background: var(--iat-neutral-tint);
      }
      @container card (max-width: 399px) {
        li {
          gap: 12px;
          --iat-thumbnail-size: 64px;
        }
      }
    `,
  ];

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    if (this.view.status !== "ready") {
      return;
    }
    const { snapshot } = this.view;
    const stuck = Object.keys(snapshot.stuck).sort().join();
    if (snapshot.entry_id !== this.entryId) {
      this.entryId = snapshot.entry_id;
      this.assets.reset();
    } else if (stuck !== this.stuck) {
      void this.assets.refresh();
    }
    this.stuck = stuck;
  }

  protected override renderCard(_snapshot: Snapshot): TemplateResult {
    const { value, problem } = this.assets;
    return html`<ha-card>
      <div class="head">
        <h2>${this.t("history.problem_photos.title")}</h2>
        ${value?.length ? html`<span class="secondary">${this.format.count(value.length)}</span>` : nothing}
      </div>
      ${
        problem === null
          ? nothing
          : html`<div class="message">
              <div class="note error" role="alert">
                <ha-icon icon="mdi:alert-circle"></ha-icon>
                <span class="words"
                  ><strong>${this.t("history.problem_photos.failed")}</strong>
                  ${problemText(problem, this.format.words)}</span
                >
                <button class="link" @click=${() => void this.assets.refresh()}>
                  ${this.t("action.retry")}
                </button>
              </div>
            </div>`
      }
      ${value ? guard([value, this.format], () => this.renderAssets(value)) : problem === null ? html`<div class="shapes" aria-busy="true"></div>` : nothing}
    </ha-card>`;
  }

  private renderAssets(assets: ProblemAsset[]): TemplateResult {
    if (!assets.length) {
      return html`<div class="nothing">
        <ha-icon icon="mdi:check-circle"></ha-icon>
        <div>
          <div>${this.t("history.problem_photos.none")}</div>
          <div class="secondary">${this.t("history.problem_photos.none_hint")}</div>
        </div>
      </div>`;
    }
    return html`<p class="hint secondary">${this.t("history.problem_photos.hint")}</p>
      <ul>
        ${repeat(
          assets,
          ({ asset_id }) => asset_id,
          (asset) => this.renderAsset(asset),
        )}
      </ul>`;
  }

  private renderAsset(asset: ProblemAsset): TemplateResult {
    const name = asset.file_name ?? this.t("history.problem_photos.unnamed");
    const link = webLink(asset.url);
    const place = folder(asset);
    const often = this.t("history.problem_photos.times", {
      count: asset.times_stuck,
      shown: this.format.count(asset.times_stuck),
    });
    const last = this.t("history.problem_photos.last", {
      time: this.format.time(asset.last, this.now()),
    });
    return html`<li>
      <immich-tools-thumbnail
        .hass=${this.hass}
        .path=${asset.thumbnail}
        .alt=${name}
      ></immich-tools-thumbnail>
      <div class="about">
        <div class="name">${name}</div>
        ${place ? html`<div class="secondary" title=${asset.path}>${shortened(place)}</div>` : nothing}
        <div class="secondary">${asset.queues.map((queue) => this.queueLabel(queue)).join(", ")}</div>
        <div class="secondary">${often}, ${last}</div>
      </div>
      ${
        link
          ? html`<a
              class="button icon filled"
              href=${link}
              target="_blank"
              rel="noopener noreferrer"
              title=${this.t("action.open_in_immich")}
              aria-label=${this.t("history.problem_photos.open", { name })}
              ><ha-icon icon="mdi:open-in-new"></ha-icon
            ></a>`
          : nothing
      }
    </li>`;
  }

  private queueLabel(queue: string): string {
    return (this.view.status === "ready" && this.view.snapshot.queues[queue]?.label) || queue;
  }
}

/** Where a file lies; its name stands above, where it has the same one there. */
function folder({ path, file_name: name }: ProblemAsset): string | null {
  return path && name && path.endsWith(`/${name}`) ? path.slice(0, -name.length - 1) || "/" : path;
}

registerCard("immich-admin-tools-problem-photos", ProblemPhotosCard, "history.problem_photos", (key) =>
  ["problem_assets", "stuck_jobs"].includes(key),
);

import { html, LitElement, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { state } from "lit/decorators.js";
import { Format } from "./format";
import {
  errorText,
  navigate,
  pageHass,
  type CardConfig,
  type CardForm,
  type GridOptions,
  type HomeAssistant,
} from "./ha";
import { isLoaded, loadLanguage } from "./localize";
import type { Snapshot } from "./model";
import { entryFeed, instancesFeed, type EntryFeed, type InstancesFeed, type View } from "./store";
import { base, buttons, card, notes, tokens } from "./styles";

/** What all cards share: which Immich they show, that it is followed, and what is said when it can't be. */
export abstract class ImmichCard<Config extends CardConfig = CardConfig> extends LitElement {
  @state() protected config: Config | null = null;
  @state() protected view: View = { status: "loading" };
  /** Of the last action, until it is dismissed or the next one begins. */
  @state() protected actionError: string | null = null;

  protected format!: Format;
  private _hass: HomeAssistant | null = null;
  private feed: EntryFeed | null = null;
  private followed: string | null = null;
  private instances: InstancesFeed | null = null;
  private stopFeed: (() => void) | null = null;
  private stopInstances: (() => void) | null = null;

  static override styles: CSSResultGroup = [tokens, base, card, buttons, notes];

  static getConfigForm(): CardForm {
    return entryForm();
  }

  static getStubConfig(): Record<string, unknown> {
    return {};
  }

  get hass(): HomeAssistant {
    return this._hass as HomeAssistant;
  }

  /** Home Assistant sets this with every change of any state: the card renders for its own news only. */
  set hass(hass: HomeAssistant) {
    const before = this._hass;
    this._hass = hass;
    if (!before || before.locale !== hass.locale || before.language !== hass.language) {
      void this.read(hass);
    }
    if (!before || before.connection !== hass.connection) {
      this.follow();
    }
    this.hassChanged(before, hass);
  }

  /** Take the user's language; until it is there for the first time nothing is shown. */
  private async read(hass: HomeAssistant): Promise<void> {
    if (!isLoaded(hass.locale.language)) {
      await loadLanguage(hass.locale.language);
    }
    if (hass === this._hass || hass.locale === this._hass?.locale) {
      this.format = new Format(this._hass as HomeAssistant);
      this.requestUpdate();
    }
  }

  /** For cards that show states of entities too. */
  protected hassChanged(_before: HomeAssistant | null, _now: HomeAssistant): void {}

  setConfig(config: Config): void {
    const { entry_id: entryId } = config;
    if (entryId !== undefined && typeof entryId !== "string") {
      throw new Error("entry_id must be the id of a config entry.");
    }
    this.config = config;
    this.follow();
  }

  getCardSize(): number {
    return 4;
  }

  getGridOptions(): GridOptions {
    return { columns: 12, min_columns: 6, rows: "auto" };
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.follow();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.unfollow();
  }

  /** ms since the epoch, by the server's clock. */
  protected now(): number {
    return this.feed?.now() ?? Date.now();
  }

  private follow(): void {
    if (!this._hass || !this.config || !this.isConnected) {
      return;
    }
    this.unfollow();
    if (this.config.entry_id) {
      this.followEntry(this.config.entry_id);
      return;
    }
    this.instances = instancesFeed(this._hass);
    this.stopInstances = this.instances.listen(() => this.chooseInstance());
    this.chooseInstance();
  }

  private unfollow(): void {
    this.stopFeed?.();
    this.stopInstances?.();
    this.stopFeed = this.stopInstances = null;
    this.feed = this.instances = this.followed = null;
  }

  private chooseInstance(): void {
    const known = this.instances?.instances;
    if (!known) {
      if (this.instances?.problem) {
        this.view = { status: "failed", message: this.instances.problem };
      }
      return;
    }
    const followed = known.some((instance) => instance.entry_id === this.followed);
    const chosen = known.find((instance) => instance.loaded) ?? known[0];
    if (!chosen) {
      this.stopFeed?.();
      this.feed = this.stopFeed = this.followed = null;
      this.view = { status: "not_found" };
    } else if (!this.feed || !followed) {
      this.followEntry(chosen.entry_id);
    }
  }

  private followEntry(entryId: string): void {
    this.stopFeed?.();
    const feed = entryFeed(this.hass, entryId);
    this.feed = feed;
    this.followed = entryId;
    this.stopFeed = feed.listen(() => (this.view = feed.view));
    this.view = feed.view;
  }

  protected abstract renderCard(snapshot: Snapshot, stale: boolean): TemplateResult | typeof nothing;

  /** Grey shapes of the card's final size. */
  protected renderLoading(): TemplateResult {
    return html`<ha-card aria-busy="true"></ha-card>`;
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!this._hass || !this.config || !this.format) {
      return nothing;
    }
    const { view } = this;
    switch (view.status) {
      case "ready":
        return this.renderCard(view.snapshot, false);
      case "disconnected":
        return view.snapshot
          ? this.renderCard(view.snapshot, true)
          : this.renderProblem("mdi:lan-disconnect", this.t("card.disconnected"));
      case "loading":
        return this.renderLoading();
      case "not_loaded":
        return this.renderNotLoaded(view);
      case "not_found":
        return this.renderNotFound();
      case "failed":
        return this.renderProblem(
          "mdi:alert-circle",
          view.message === "unknown_command"
            ? this.t("card.unknown_command")
            : this.t("card.failed", { message: view.message }),
        );
    }
  }

  private renderNotLoaded(view: Extract<View, { status: "not_loaded" }>): TemplateResult {
    const key = `card.state.${view.state}`;
    const why = view.reason ?? (this.format.words.has(key) ? this.t(key) : "");
    return this.renderProblem(
      "mdi:alert-circle",
      this.t("card.not_loaded", { title: view.title }),
      why,
      this.hass.user?.is_admin
        ? html`<button class="button" @click=${openIntegration}>${this.t("card.open_settings")}</button>`
        : nothing,
    );
  }

  private renderNotFound(): TemplateResult {
    if (this.config?.entry_id) {
      return this.renderProblem(
        "mdi:help-circle-outline",
        this.t("card.not_found"),
        this.t("card.not_found_hint"),
      );
    }
    return this.renderProblem(
      "mdi:information-outline",
      this.t("card.no_instance"),
      this.t("card.no_instance_hint"),
      this.hass.user?.is_admin
        ? html`<button class="button" @click=${() => navigate("/config/integrations/dashboard")}>
            ${this.t("card.add")}
          </button>`
        : nothing,
    );
  }

  /** A card that says what is the matter instead of being empty. */
  protected renderProblem(
    icon: string,
    verdict: string,
    why = "",
    next: TemplateResult | typeof nothing = nothing,
  ): TemplateResult {
    return html`<ha-card>
      <div class="problem" style="padding: 16px; display: grid; gap: 12px; justify-items: start;">
        <div class="note error" role="status" style="width: 100%">
          <ha-icon .icon=${icon}></ha-icon>
          <div class="words"><strong>${verdict}</strong> ${why}</div>
        </div>
        ${next}
      </div>
    </ha-card>`;
  }

  protected t(key: string, values: Record<string, string | number> = {}): string {
    return this.format.words.text(key, values);
  }

  /** Call an action of ours; what it answers, or null when it failed and that is shown. */
  protected async act(action: string, data: Record<string, unknown>): Promise<unknown> {
    this.actionError = null;
    try {
      const { response } = await this.hass.callService(
        "immich_admin_tools",
        action,
        data,
        undefined,
        false,
        true,
      );
      return response ?? {};
    } catch (error) {
      this.actionError = errorText(error);
      return null;
    }
  }

  protected renderActionError(): TemplateResult | typeof nothing {
    if (this.actionError === null) {
      return nothing;
    }
    return html`<div class="note error" role="alert">
      <ha-icon icon="mdi:alert-circle"></ha-icon>
      <span class="words"><strong>${this.t("card.action_failed")}</strong> ${this.actionError}</span>
      <button class="link" @click=${() => (this.actionError = null)}>${this.t("action.dismiss")}</button>
    </div>`;
  }
}

export function openIntegration(): void {
  navigate("/config/integrations/integration/immich_admin_tools");
}

/** The one setting that all cards have. */
export function entryForm(more: CardForm["schema"] = [], labels: Record<string, string> = {}): CardForm {
  const words = new Format(pageHass()).words;
  return {
    schema: [
      {
        name: "entry_id",
        selector: { config_entry: { integration: "immich_admin_tools" } },
      },
      ...more,
    ],
    computeLabel: (schema) => words.text(labels[schema.name] ?? `card.editor.${schema.name}`),
    computeHelper: (schema) => {
      const key = `${labels[schema.name] ?? `card.editor.${schema.name}`}_help`;
      return words.has(key) ? words.text(key) : undefined;
    },
  };
}

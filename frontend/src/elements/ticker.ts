import type { ReactiveController, ReactiveControllerHost } from "lit";

/** Renders its host anew every some seconds while it is on the page: ages go on between two messages. */
export class Ticker implements ReactiveController {
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly seconds = 10,
  ) {
    host.addController(this);
  }

  hostConnected(): void {
    this.timer = setInterval(() => this.host.requestUpdate(), this.seconds * 1000);
  }

  hostDisconnected(): void {
    clearInterval(this.timer);
  }
}

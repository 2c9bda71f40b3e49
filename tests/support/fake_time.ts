/**
 * Timers and a clock that tests move. Delays inside the database stay real.
 *
 * @module
 */

import fakeTimers from "@sinonjs/fake-timers";

/** Replaces the timers of this process until it is disposed of. */
export class FakeTime implements Disposable {
  readonly #clock = fakeTimers.install({ toFake: ["setTimeout", "clearTimeout", "Date"] });

  /** Epoch milliseconds of the clock. */
  now(): number {
    return this.#clock.now;
  }

  /** Moves the clock forward, then gives database calls time to finish. */
  async pass(ms: number): Promise<void> {
    await this.#clock.tickAsync(ms);
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Restores the real timers. */
  [Symbol.dispose](): void {
    this.#clock.uninstall();
  }
}

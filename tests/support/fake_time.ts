/**
 * Timers and a clock that tests move. Delays of the database go on as they do.
 *
 * @module
 */

import fakeTimers from "@sinonjs/fake-timers";

/** Stands in for the timers of this process until it is disposed of. */
export class FakeTime implements Disposable {
  readonly #clock = fakeTimers.install({ toFake: ["setTimeout", "clearTimeout", "Date"] });

  /** Epoch milliseconds of the clock. */
  now(): number {
    return this.#clock.now;
  }

  /** Lets the clock pass, then gives what waits for the database time to end. */
  async pass(ms: number): Promise<void> {
    await this.#clock.tickAsync(ms);
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Brings the real timers back. */
  [Symbol.dispose](): void {
    this.#clock.uninstall();
  }
}

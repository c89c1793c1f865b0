/** How often a server that ended by itself is started again: four times in three minutes. Pure; the clock is given. */

const WINDOW_MS = 3 * 60 * 1000;
const LIMIT = 5;

export class Crashes {
  #times: number[] = [];

  /** Records a crash. Answers whether to start again. */
  record(now: number): boolean {
    this.#times = this.#times.filter((time) => now - time < WINDOW_MS);
    this.#times.push(now);
    return this.#times.length < LIMIT;
  }

  get count(): number {
    return this.#times.length;
  }

  /** The user took it in hand. */
  forget(): void {
    this.#times = [];
  }
}

// The tiles that the page has, wants and waits for. What is nearest the pointer is asked for first; what has
// scrolled away is not waited for; and when the network or the server is gone, they are asked again until they are back.

import { readNpy } from "./npy.js";
import { inWorld, keyOf } from "./plane.js";
import { outsideTile } from "./outside.js";

/** Requests on their way at once: as many as a browser sends to one host over HTTP/1.1. */
const MOST_REQUESTS = 6;
/** Tiles kept: 256 KiB of counts and as much of pixels each. */
const MOST_KEPT = 300;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 8000;

/**
 * @typedef {object} Tile
 * @property {import("./plane.js").Address} address
 * @property {string} key
 * @property {Float32Array} counts
 * @property {number | null} iterations
 * @property {string} worker
 * @property {number} milliseconds from the request to the answer
 * @property {string} timing what the server says of it
 * @property {number} used the frame in which it was last seen
 * @property {OffscreenCanvas} [picture]
 * @property {unknown} [brush] whose picture that is
 */

/** What the server refuses, in its own words. */
class Refusal extends Error {}

export class Tiles {
  /** @type {Map<string, Tile>} */
  #kept = new Map();
  /** @type {Map<string, AbortController>} */
  #waiting = new Map();
  /** @type {Map<string, string>} */
  #refused = new Map();
  /** @type {{ address: import("./plane.js").Address, key: string, urgency: number }[]} */
  #wanted = [];
  #pause = 0;
  #failures = 0;
  #timer = 0;
  /** @type {import("./state.js").State | null} */
  #state = null;
  #query = "";
  frame = 0;
  requests = 0;

  /**
   * @param {(tile: Tile) => void} arrived
   * @param {(trouble: string | null) => void} troubled
   */
  constructor(arrived, troubled) {
    this.arrived = arrived;
    this.troubled = troubled;
    addEventListener("online", () => this.#resume());
  }

  /** The field that tiles are of; another one forgets all. @param {import("./state.js").State} state @param {string} query */
  look(state, query) {
    if (this.#state && query === this.#query) return;
    [this.#state, this.#query] = [state, query];
    for (const controller of this.#waiting.values()) controller.abort();
    this.#waiting.clear();
    this.#kept.clear();
    this.#refused.clear();
    this.#wanted = [];
  }

  get busy() {
    return this.#waiting.size + this.#wanted.length;
  }

  /** @param {string} key */
  get(key) {
    return this.#kept.get(key);
  }

  all() {
    return this.#kept.values();
  }

  /** What is wanted from now on, the most urgent first; all else is given up. @param {{ address: import("./plane.js").Address, key: string, urgency: number }[]} wanted */
  want(wanted) {
    const keys = new Set(wanted.map(({ key }) => key));
    for (const [key, controller] of this.#waiting) {
      if (!keys.has(key)) {
        controller.abort();
        this.#waiting.delete(key);
      }
    }
    this.#wanted = wanted.filter(({ key }) => !this.#kept.has(key) && !this.#waiting.has(key) && !this.#refused.has(key));
    const refusal = wanted.map(({ key }) => this.#refused.get(key)).find(Boolean);
    if (refusal) this.troubled(refusal);
    else if (this.#failures === 0) this.troubled(null);
    this.#send();
  }

  #send() {
    while (!this.#timer && this.#wanted.length > 0) {
      const { address, key, urgency } = this.#wanted[0];
      if (inWorld(address)) {
        // What nobody sees yet leaves room for what somebody will.
        if (this.#waiting.size >= (urgency > 3 ? MOST_REQUESTS - 2 : MOST_REQUESTS)) return;
        this.#wanted.shift();
        void this.#fetch(address, key, urgency);
      } else {
        this.#wanted.shift();
        const counts = outsideTile(/** @type {import("./state.js").State} */ (this.#state), address);
        this.#keep({ address, key, counts, iterations: null, worker: "this page", milliseconds: 0, timing: "", used: this.frame });
      }
    }
  }

  /** @param {import("./plane.js").Address} address @param {string} key @param {number} urgency */
  async #fetch(address, key, urgency) {
    const controller = new AbortController();
    this.#waiting.set(key, controller);
    const asked = performance.now();
    this.requests += 1;
    try {
      const answer = await fetch(`/tiles/v1/${key}.npy${this.#query ? `?${this.#query}` : ""}`, {
        signal: controller.signal,
        headers: { priority: `u=${urgency}` },
      });
      if (!answer.ok) {
        const again = answer.status >= 500 || answer.status === 429 || answer.status === 408;
        const problem = await answer.json().catch(() => null);
        const said = problem?.errors?.[0] ? `${problem.errors[0].field}: accepted is ${problem.errors[0].accepted}` : problem?.detail;
        if (!again) throw new Refusal(said ?? `the server refuses this place (${answer.status})`);
        throw new Error(`the server answers ${answer.status}`);
      }
      const counts = readNpy(await answer.arrayBuffer());
      if (this.#waiting.get(key) !== controller) return;
      const iterations = Number(answer.headers.get("x-iterations")) || null;
      const worker = answer.headers.get("x-worker") ?? "";
      const timing = answer.headers.get("server-timing") ?? "";
      this.#failures = 0;
      this.#keep({ address, key, counts, iterations, worker, timing, milliseconds: performance.now() - asked, used: this.frame });
      this.troubled(null);
    } catch (error) {
      if (this.#waiting.get(key) !== controller) return;
      if (error instanceof Refusal) {
        this.#refused.set(key, error.message);
        this.troubled(error.message);
      } else if (!controller.signal.aborted) {
        this.#wanted.unshift({ address, key, urgency });
        this.#hold();
      }
    } finally {
      if (this.#waiting.get(key) === controller) this.#waiting.delete(key);
      this.#send();
    }
  }

  /** @param {Tile} tile */
  #keep(tile) {
    this.#kept.set(tile.key, tile);
    if (this.#kept.size > MOST_KEPT) {
      const oldest = [...this.#kept.values()].sort((a, b) => a.used - b.used);
      for (const { key } of oldest.slice(0, MOST_KEPT / 4)) this.#kept.delete(key);
    }
    this.arrived(tile);
  }

  /** Waits a while, each time longer, before anything is asked again. */
  #hold() {
    this.#failures += 1;
    if (this.#timer) return;
    this.#pause = this.#failures === 1 ? FIRST_PAUSE : Math.min(LONGEST_PAUSE, this.#pause * 2 || FIRST_PAUSE);
    // One request lost is no trouble yet.
    if (this.#failures > 1) this.troubled(navigator.onLine ? "The server does not answer. The page tries again by itself." : "There is no network. The page goes on when it is back.");
    this.#timer = window.setTimeout(() => this.#resume(), this.#pause * (0.75 + Math.random() / 2));
  }

  #resume() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#send();
  }
}

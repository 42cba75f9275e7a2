// The tiles that the page has, wants and waits for. What is nearest the pointer is asked for first; what has
// scrolled away is not waited for; and when the network or the server is gone, they are asked again until they are back.

import { NO_DIRECTION } from "./colours.js";
import { sampleOf } from "./histogram.js";
import { readNpy } from "./npy.js";
import { inWorld } from "./plane.js";
import { outsideTile } from "./outside.js";

/** Requests on their way at once: as many as a browser sends to one host over HTTP/1.1. */
const MOST_REQUESTS = 6;
/** Tiles kept: 256 KiB of counts, as much of pixels, and as much of what a colouring needs beside, each. */
const MOST_KEPT = 300;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 8000;

/**
 * @typedef {object} Tile
 * @property {import("./plane.js").Address} address
 * @property {string} key
 * @property {Float32Array} counts
 * @property {string} channel what the further numbers are, by the name of the tiles' `field`; empty where there are none
 * @property {Float32Array | null} shade the further numbers
 * @property {Float32Array} sample some of the counts
 * @property {number | null} iterations
 * @property {string} worker
 * @property {number} milliseconds from the request to the answer
 * @property {string} timing what the server says of it
 * @property {number} used the frame in which it was last seen
 * @property {OffscreenCanvas} [picture]
 * @property {import("./colours.js").Brush} [paintedBy] whose picture that is
 * @property {number} [paintedAt] and for how large a pixel
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
  #channel = "";
  frame = 0;
  requests = 0;

  /**
   * @param {(tile: Tile) => void} arrived
   * @param {(trouble: string | null) => void} troubled
   * @param {(tile: Tile) => void} left
   */
  constructor(arrived, troubled, left) {
    this.arrived = arrived;
    this.troubled = troubled;
    this.left = left;
    addEventListener("online", () => this.#resume());
  }

  /**
   * The field that tiles are of, another one of which forgets all, and what is needed beside counts, of which another one gives up what
   * is on its way. Whether anything changed.
   * @param {import("./state.js").State} state
   * @param {string} query
   * @param {string} channel
   */
  look(state, query, channel) {
    const known = this.#state !== null && query === this.#query;
    if (known && channel === this.#channel) return false;
    [this.#state, this.#query, this.#channel] = [state, query, channel];
    for (const controller of this.#waiting.values()) controller.abort();
    this.#waiting.clear();
    this.#refused.clear();
    this.#wanted = [];
    if (!known) {
      for (const tile of this.#kept.values()) this.left(tile);
      this.#kept.clear();
    }
    return true;
  }

  get busy() {
    return this.#waiting.size + this.#wanted.length;
  }

  /** @param {string} key */
  get(key) {
    return this.#kept.get(key);
  }

  /** Whether the tile is there with all that its colours need. @param {string} key */
  has(key) {
    const tile = this.#kept.get(key);
    return tile !== undefined && (this.#channel === "" || tile.channel === this.#channel);
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
    this.#wanted = wanted.filter(({ key }) => !this.has(key) && !this.#waiting.has(key) && !this.#refused.has(key));
    const refusal = wanted.map(({ key }) => this.#refused.get(key)).find(Boolean);
    if (refusal) this.troubled(refusal);
    else if (this.#failures === 0) this.troubled(null);
    this.#send();
  }

  #send() {
    while (!this.#timer && this.#wanted.length > 0) {
      const { address, key, urgency } = this.#wanted[0];
      const outside = !inWorld(address);
      // What nobody sees yet leaves room for what somebody will.
      if (this.#waiting.size >= (urgency > 3 ? MOST_REQUESTS - 2 : MOST_REQUESTS)) return;
      this.#wanted.shift();
      void this.#fetch(address, key, urgency, outside);
    }
  }

  /** @param {import("./plane.js").Address} address @param {string} key @param {number} urgency @param {boolean} outside of the server's world */
  async #fetch(address, key, urgency, outside) {
    const controller = new AbortController();
    this.#waiting.set(key, controller);
    const asked = performance.now();
    try {
      const numbers = await (outside ? this.#worked(address) : this.#asked(key, urgency, controller.signal));
      if (this.#waiting.get(key) !== controller) return;
      const sample = sampleOf(numbers.counts);
      if (!outside) this.#failures = 0;
      this.#keep({ address, key, sample, milliseconds: outside ? 0 : performance.now() - asked, used: this.frame, ...numbers });
      if (!outside) this.troubled(null);
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

  /** What this page works out itself. @param {import("./plane.js").Address} address */
  async #worked(address) {
    const channel = this.#channel;
    const numbers = await outsideTile(/** @type {import("./state.js").State} */ (this.#state), address, channel);
    return { ...numbers, channel, iterations: null, worker: "this page", timing: "" };
  }

  /** What the server says; of counts that are there already no more than what belongs to them. @param {string} key @param {number} urgency @param {AbortSignal} signal */
  async #asked(key, urgency, signal) {
    const [channel, known] = [this.#channel, this.#kept.get(key)];
    const [first, further] = await Promise.all([known ?? this.#answer(key, "", urgency, signal), channel && this.#answer(key, channel, urgency, signal)]);
    const { iterations, worker, timing } = further || first;
    const counts = "numbers" in first ? first.numbers : first.counts;
    return { counts, channel, shade: further ? further.numbers : null, iterations, worker, timing };
  }

  /** One file of numbers. @param {string} key @param {string} channel @param {number} urgency @param {AbortSignal} signal */
  async #answer(key, channel, urgency, signal) {
    const query = [this.#query, channel && `field=${channel}`].filter(Boolean).join("&");
    this.requests += 1;
    const answer = await fetch(`/tiles/v1/${key}.npy${query ? `?${query}` : ""}`, { signal, headers: { priority: `u=${urgency}` } });
    if (!answer.ok) {
      const again = answer.status >= 500 || answer.status === 429 || answer.status === 408;
      const problem = await answer.json().catch(() => null);
      const said = problem?.errors?.[0] ? `${problem.errors[0].field}: accepted is ${problem.errors[0].accepted}` : problem?.detail;
      if (!again) throw new Refusal(said ?? `the server refuses this place (${answer.status})`);
      throw new Error(`the server answers ${answer.status}`);
    }
    const numbers = readNpy(await answer.arrayBuffer());
    // No painter should have to tell what is not a number.
    if (channel === "direction") for (let i = 0; i < numbers.length; i += 1) if (numbers[i] !== numbers[i]) numbers[i] = NO_DIRECTION;
    return {
      numbers,
      iterations: Number(answer.headers.get("x-iterations")) || null,
      worker: answer.headers.get("x-worker") ?? "",
      timing: answer.headers.get("server-timing") ?? "",
    };
  }

  /** @param {Tile} tile */
  #keep(tile) {
    const before = this.#kept.get(tile.key);
    if (before) this.left(before);
    this.#kept.set(tile.key, tile);
    if (this.#kept.size > MOST_KEPT) {
      const oldest = [...this.#kept.values()].sort((a, b) => a.used - b.used);
      for (const old of oldest.slice(0, MOST_KEPT / 4)) {
        this.#kept.delete(old.key);
        this.left(old);
      }
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

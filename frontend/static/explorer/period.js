// The period of the cycle that attracts the point under the pointer, once the pointer rests on one that never escapes. A worker
// says it of a whole tile, so that the pixels around it are known too.

import { readPeriods } from "./npy.js";
import { fieldQuery } from "./state.js";

/** Milliseconds that the pointer rests first. */
const REST = 200;
/** Tiles of 256 KiB. */
const MOST_KEPT = 16;
/** Formulas whose cycles the workers look for. */
const CYCLIC = ["mandelbrot", "multibrot"];

/**
 * @param {import("./viewer.js").Viewer} viewer
 * @param {(id: string) => HTMLElement} element
 */
export function connectPeriod(viewer, element) {
  /** @type {Map<string, Uint32Array>} */
  const kept = new Map();
  /** @type {AbortController | null} */
  let asking = null;
  let asked = "";
  let resting = 0;

  const say = (/** @type {string} */ text) => {
    if (element("period").textContent !== text) element("period").textContent = text;
  };

  /** The pointer or the picture moved: what is known is shown at once, the rest is asked for when it rests. */
  function look() {
    clearTimeout(resting);
    const { state, pointer } = viewer;
    const under = element("panel").hidden ? null : viewer.countAt(pointer.x, pointer.y);
    const inside = under?.count === Infinity && under.tile.iterations !== null;
    const query = [fieldQuery(state), "field=period"].filter(Boolean).join("&");
    const address = inside ? `/tiles/v1/${under.tile.key}.npy?${query}` : "";
    if (address !== asked) asking?.abort();
    if (!inside) say("–");
    else if (!CYCLIC.includes(state.formula)) say("told of the Mandelbrot set and of multibrots only");
    else if (kept.has(address)) say(nameOf(kept.get(address)?.[under.index] ?? 0));
    else {
      say("…");
      resting = window.setTimeout(() => void ask(address), REST);
    }
  }

  /** @param {string} address */
  async function ask(address) {
    // Its answer calls `look` again.
    if (asked === address && asking && !asking.signal.aborted) return;
    asking?.abort();
    const own = new AbortController();
    [asking, asked] = [own, address];
    try {
      const answer = await fetch(address, { signal: own.signal, headers: { priority: "u=4" } });
      if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
      kept.set(address, readPeriods(await answer.arrayBuffer()));
      if (kept.size > MOST_KEPT) kept.delete(/** @type {string} */ (kept.keys().next().value));
      if (asking === own) [asking, asked] = [null, ""];
      look();
    } catch (error) {
      if (own.signal.aborted) return;
      [asking, asked] = [null, ""];
      say(error instanceof TypeError ? "the server does not answer" : error instanceof Error ? error.message : "unknown");
    }
  }

  return { look };
}

/** @param {number} period */
const nameOf = (period) => (period === 0 ? "none found" : period.toLocaleString("en"));

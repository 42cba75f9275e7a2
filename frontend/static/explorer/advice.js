// A short note beside the picture when something decides what is seen and can hardly be guessed: a limit that hides detail, with the
// remedy on a button, or another arithmetic than a moment ago.

import { tierOf } from "./readout.js";

/** Milliseconds that a note without a remedy stays. */
const READ = 7000;
/** The note waits until the picture has been still for so long. */
const REST = 400;
/** So many counts of the window are looked at. */
const LOOKED_AT = 100_000;
/** How many points escape in the second half of the limit is about how many more would if the limit were doubled: the tail of the
 * counts falls like 1/n. Three pixels in a thousand are seen. */
const SEEN = 0.003;
const RAISE = 4;
const MOST = 1_000_000_000;

/**
 * @param {import("./viewer.js").Viewer} viewer
 * @param {(id: string) => HTMLElement} element
 * @param {(iterations: string) => void} raise
 */
export function connectAdvice(viewer, element, raise) {
  let tier = tierOf(viewer);
  let reading = 0;
  let waiting = 0;
  /** The limit that somebody wants to leave as it is. */
  let dismissed = "";

  /** @param {string} text @param {boolean} remedy whether the limit is to be raised */
  function note(text, remedy = false) {
    clearTimeout(reading);
    element("advice").hidden = text === "";
    if (element("advice-text").textContent !== text) element("advice-text").textContent = text;
    element("advice-act").hidden = !remedy;
    if (text && !remedy) reading = window.setTimeout(() => note(""), READ);
  }

  /** The picture was drawn: when it stays, it is looked at. */
  function look() {
    clearTimeout(waiting);
    waiting = window.setTimeout(() => {
      if (viewer.settled) judge();
    }, REST);
  }

  function judge() {
    const before = tier;
    tier = tierOf(viewer);
    const { iterations } = viewer.state;
    advice.judged = iterations;
    if (iterations !== "auto" && iterations !== dismissed && Number(iterations) < MOST && hides(viewer, Number(iterations))) {
      note(`The limit of ${Number(iterations).toLocaleString("en")} iterations hides detail here.`, true);
    } else if (before !== tier) {
      note(`At this depth the arithmetic is another: ${tier}.`);
    } else if (!element("advice-act").hidden) {
      note("");
    }
  }

  element("advice-act").addEventListener("click", () => {
    note("");
    viewer.canvas.focus();
    raise(`${Math.min(MOST, RAISE * Number(viewer.state.iterations))}`);
  });
  element("advice-close").addEventListener("click", () => {
    if (!element("advice-act").hidden) dismissed = viewer.state.iterations;
    note("");
    viewer.canvas.focus();
  });
  /** With the limit of the picture that was looked at last. */
  const advice = { look, judged: "" };
  return advice;
}

/** @param {import("./viewer.js").Viewer} viewer @param {number} limit */
function hides({ seen }, limit) {
  const fields = seen.map(({ tile }) => tile.counts);
  // An odd step, so that no column of a tile is passed over.
  const step = Math.floor(fields.reduce((sum, { length }) => sum + length, 0) / LOOKED_AT) | 1;
  let [all, never, late] = [0, 0, 0];
  for (const counts of fields) {
    for (let i = 0; i < counts.length; i += step) {
      all += 1;
      if (counts[i] === Infinity) never += 1;
      else if (counts[i] > limit / 2) late += 1;
    }
  }
  return never >= late && late > SEEN * all;
}

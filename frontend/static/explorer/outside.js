// What lies outside of the tiles' root escapes at once, and needs no server.

import { TILE } from "./plane.js";

const BAILOUT_SQUARED = 2 ** 32;
/** Such points need a dozen iterations. */
const MOST_ITERATIONS = 256;

/** One step of the formula. @param {import("./state.js").State} state @param {number} x @param {number} y @param {number} a @param {number} b */
function step(state, x, y, a, b) {
  if (state.formula === "multibrot") {
    let [re, im] = [x, y];
    for (let n = 1; n < Number(state.power); n += 1) [re, im] = [re * x - im * y, re * y + im * x];
    return [re + a, im + b];
  }
  const product = state.formula === "burning_ship" ? 2 * Math.abs(x * y) : state.formula === "tricorn" ? -2 * x * y : 2 * x * y;
  return [x * x - y * y + a, product + b];
}

/** @param {import("./state.js").State} state */
export const degreeOf = (state) => (state.formula === "multibrot" ? Number(state.power) : 2);

/**
 * z₀, z₁, … of a point, until it is far out.
 * @param {import("./state.js").State} state
 * @param {number} re
 * @param {number} im
 * @param {number} most
 * @param {number} far squared
 */
export function orbit(state, re, im, most, far = BAILOUT_SQUARED) {
  const julia = state.formula === "julia";
  const [a, b] = julia ? [Number(state.seed_re), Number(state.seed_im)] : [re, im];
  let [x, y] = [re, im];
  const points = julia ? [] : [[0, 0]];
  for (let n = 0; n < most; n += 1) {
    points.push([x, y]);
    if (!(x * x + y * y < far)) break;
    [x, y] = step(state, x, y, a, b);
  }
  return points;
}

/** The smooth count, or infinity. @param {import("./state.js").State} state @param {number} re @param {number} im @param {number} most */
export function smoothCount(state, re, im, most) {
  const julia = state.formula === "julia";
  const [a, b] = julia ? [Number(state.seed_re), Number(state.seed_im)] : [re, im];
  let [x, y] = [re, im];
  for (let m = 1; m <= most; m += 1) {
    const norm = x * x + y * y;
    if (norm >= BAILOUT_SQUARED) return m + 1 - Math.log(Math.log2(norm) / 2) / Math.log(degreeOf(state));
    [x, y] = step(state, x, y, a, b);
  }
  return Infinity;
}

/**
 * The counts of a tile outside of the root.
 * @param {import("./state.js").State} state
 * @param {import("./plane.js").Address} tile
 */
export function outsideTile(state, { z, x, y }) {
  const side = 4 / 2 ** z;
  const [left, top] = [Number(x) * side - 2.5, 2 - Number(y) * side];
  const counts = new Float32Array(TILE * TILE);
  for (let i = 0; i < counts.length; i += 1) {
    const [column, row] = [i % TILE, Math.floor(i / TILE)];
    counts[i] = smoothCount(state, left + ((column + 0.5) / TILE) * side, top - ((row + 0.5) / TILE) * side, MOST_ITERATIONS);
  }
  return counts;
}

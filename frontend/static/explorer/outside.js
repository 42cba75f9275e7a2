// What lies outside of the tiles' root escapes at once, and needs no server.

import { TILE } from "./plane.js";

const BAILOUT_SQUARED = 2 ** 32;
/** Such points need a dozen iterations. */
const MOST_ITERATIONS = 256;
/** Milliseconds that the page is kept from other work. */
const SLICE = 3;

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

/** What is iterated, in numbers. @param {import("./state.js").State} state */
const iterated = (state) => ({
  julia: state.formula === "julia",
  seed: [Number(state.seed_re), Number(state.seed_im)],
  power: degreeOf(state),
  ship: state.formula === "burning_ship",
  twice: state.formula === "tricorn" ? -2 : 2,
});

/**
 * The smooth count, or infinity. A whole tile needs a million steps, so that none of them makes an object.
 * @param {ReturnType<typeof iterated>} formula
 * @param {number} re
 * @param {number} im
 * @param {number} most
 */
function countOf({ julia, seed, power, ship, twice }, re, im, most) {
  const a = julia ? seed[0] : re;
  const b = julia ? seed[1] : im;
  let x = re;
  let y = im;
  for (let m = 1; m <= most; m += 1) {
    const norm = x * x + y * y;
    if (norm >= BAILOUT_SQUARED) return m + 1 - Math.log(Math.log2(norm) / 2) / Math.log(power);
    let real = x * x - y * y;
    let imaginary = twice * x * y;
    if (ship) imaginary = Math.abs(imaginary);
    for (let n = 2; n < power; n += 1) {
      const product = real * x - imaginary * y;
      imaginary = real * y + imaginary * x;
      real = product;
    }
    x = real + a;
    y = imaginary + b;
  }
  return Infinity;
}

/** The smooth count of a point, or infinity. @param {import("./state.js").State} state @param {number} re @param {number} im @param {number} most */
export const smoothCount = (state, re, im, most) => countOf(iterated(state), re, im, most);

/**
 * How |z|²/2 grows over the place, to the right and upwards, when the orbit is far out, and |z|² ln|z|² then: z is followed with its
 * derivative, a real 2 × 2 matrix (docs of `fractal::Field`).
 * @param {import("./state.js").State} state
 * @param {number} re
 * @param {number} im
 */
function growthOf(state, re, im) {
  const julia = state.formula === "julia";
  const power = degreeOf(state);
  const [a, b] = julia ? [Number(state.seed_re), Number(state.seed_im)] : [re, im];
  let [x, y] = [re, im];
  // The derivatives of x and y by the place's real and imaginary part.
  let [xRe, xIm, yRe, yIm] = [1, 0, 0, 1];
  const moves = julia ? 0 : 1;
  for (let m = 1; m <= MOST_ITERATIONS && x * x + y * y < BAILOUT_SQUARED; m += 1) {
    // The step's own derivative: of a holomorphic one [u, -v; v, u].
    let [u, v] = [2 * x, 2 * y];
    if (power > 2) {
      [u, v] = [power, 0];
      for (let n = 1; n < power; n += 1) [u, v] = [u * x - v * y, u * y + v * x];
    }
    const side = state.formula === "burning_ship" ? Math.sign(x * y) : state.formula === "tricorn" ? -1 : 1;
    [xRe, xIm, yRe, yIm] = [
      u * xRe - v * yRe + moves, u * xIm - v * yIm,
      side * (v * xRe + u * yRe), side * (v * xIm + u * yIm) + moves,
    ];
    [x, y] = step(state, x, y, a, b);
  }
  const norm = x * x + y * y;
  return { right: x * xRe + y * yRe, up: x * xIm + y * yIm, growth: norm * Math.log(norm) };
}

/** The first n with |zₙ| > 2. @param {import("./state.js").State} state @param {number} re @param {number} im */
function escapeCount(state, re, im) {
  const points = orbit(state, re, im, MOST_ITERATIONS, 4);
  return state.formula === "julia" ? points.length : points.length - 1;
}

/** What a channel says of a point. @param {string} channel @param {import("./state.js").State} state @param {number} re @param {number} im @param {number} pixel */
function furtherOf(channel, state, re, im, pixel) {
  if (channel === "iterations") return escapeCount(state, re, im);
  const { right, up, growth } = growthOf(state, re, im);
  return channel === "distance" ? growth / Math.hypot(right, up) / pixel : Math.atan2(up, right);
}

/**
 * The counts of a tile outside of the root, and the numbers that its colouring needs beside them. Between a few rows and
 * the next the page may do what is more urgent.
 * @param {import("./state.js").State} state
 * @param {import("./plane.js").Address} tile
 * @param {string} channel
 */
export async function outsideTile(state, { z, x, y }, channel) {
  const side = 4 / 2 ** z;
  const pixel = side / TILE;
  const formula = iterated(state);
  const [left, top] = [Number(x) * side - 2.5, 2 - Number(y) * side];
  const counts = new Float32Array(TILE * TILE);
  const shade = channel ? new Float32Array(TILE * TILE) : null;
  let begun = performance.now();
  for (let row = 0; row < TILE; row += 1) {
    for (let column = 0; column < TILE; column += 1) {
      const re = left + (column + 0.5) * pixel;
      const im = top - (row + 0.5) * pixel;
      const at = row * TILE + column;
      counts[at] = countOf(formula, re, im, MOST_ITERATIONS);
      if (shade) shade[at] = furtherOf(channel, state, re, im, pixel);
    }
    if (performance.now() - begun > SLICE) {
      await new Promise((goOn) => setTimeout(goOn));
      begun = performance.now();
    }
  }
  return { counts, shade };
}

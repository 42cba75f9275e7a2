// How are the counts of the window spread? Histogram colouring takes the rank of a count among them, which 257 quantiles
// tell, as the workers do it; they come from a sample of what is seen, and of nothing else.

import { TILE, turned } from "./plane.js";

const QUANTILES = 257;
/** Of the counts of a tile one in so many is in the sample, which goes through all columns. */
const EVERY = 61;

/** Some of a tile's counts. @param {Float32Array} counts */
export const sampleOf = (counts) => Float32Array.from({ length: Math.ceil(counts.length / EVERY) }, (_, i) => counts[i * EVERY]);

/**
 * 257 values at equal ranks among the finite counts that the window shows; none where nothing escaped.
 * @param {{ tile: import("./tiles.js").Tile, x: number, y: number, side: number }[]} seen in pixels from the middle before it is turned
 * @param {import("./plane.js").Size} size
 * @param {number} rotation
 */
export function quantilesOf(seen, size, rotation) {
  const all = new Float32Array(seen.reduce((sum, { tile }) => sum + tile.sample.length, 0));
  let length = 0;
  const [c, s] = turned(1, 0, rotation);
  for (const { tile: { sample }, x, y, side } of seen) {
    const pixel = side / TILE;
    for (let i = 0; i < sample.length; i += 1) {
      const at = i * EVERY;
      const [right, down] = [x + ((at % TILE) + 0.5) * pixel, y + (Math.floor(at / TILE) + 0.5) * pixel];
      const within = Math.abs(right * c + down * s) < size.width / 2 && Math.abs(down * c - right * s) < size.height / 2;
      if (!within || sample[i] === Infinity) continue;
      all[length] = sample[i];
      length += 1;
    }
  }
  if (length === 0) return new Float64Array(0);
  const sorted = all.subarray(0, length).sort();
  return Float64Array.from({ length: QUANTILES }, (_, i) => sorted[Math.floor((i * (length - 1)) / (QUANTILES - 1))]);
}

/** The rank of a count, from 0 to 1: linear between quantiles. @param {Float64Array} quantiles @param {number} count */
export function rank(quantiles, count) {
  let [low, high] = [0, quantiles.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (quantiles[middle] <= count) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return 0;
  if (low === quantiles.length) return 1;
  const left = quantiles[low - 1];
  return (low - 1 + (count - left) / (quantiles[low] - left)) / (quantiles.length - 1);
}

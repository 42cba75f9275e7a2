// The picture comes first: what draws it is loaded, and asks for its tiles, before the page's controls are there.

import { Palettes } from "./palette.js";
import { place } from "./plane.js";
import { read } from "./state.js";
import { Viewer } from "./viewer.js";

const canvas = /** @type {HTMLCanvasElement} */ (document.getElementById("picture"));
export const palettes = new Palettes();

/** The whole set, as large as the window has room for. */
export function home() {
  const aspect = canvas.clientWidth / Math.max(1, canvas.clientHeight);
  return Math.min(1.4, Number((1.25 * aspect).toFixed(2)));
}

const query = location.search.slice(1);
const { state, strays } = read(query, palettes.canonical);
if (!query) state.place = /** @type {import("./plane.js").Place} */ (place("-0.65", "0", `${home()}`, 0));
export { strays };
export const viewer = new Viewer(canvas, state, (name) => palettes.stops(name));

// The one state of the page, and its address: the URL's query mirrors it, with the names that /render.png has.
// What has its default is left out, so that addresses are short where the view is.

import { centreText, place, zoomText } from "./plane.js";

/**
 * How counts become colours.
 * @typedef {object} Colours
 * @property {string} palette a name of the catalogue, or stops
 * @property {"smooth" | "bands" | "histogram" | "distance" | "slope"} colouring
 * @property {number} density
 * @property {number} offset
 * @property {string} interior
 */

/**
 * @typedef {object} State
 * @property {import("./plane.js").Place} place
 * @property {string} iterations `auto` or a number
 * @property {string} formula
 * @property {string} power
 * @property {string} seed_re
 * @property {string} seed_im
 * @property {string} quality
 * @property {string} subdivision
 * @property {Colours} colours
 */

export const FORMULAS = ["mandelbrot", "multibrot", "julia", "burning_ship", "tricorn"];
export const COLOURINGS = ["smooth", "bands", "histogram", "distance", "slope"];
const QUALITIES = ["fast", "standard", "exact"];
const SUBDIVISIONS = ["none", "interior"];

/** What /render.png takes for what is not said. */
const DEFAULTS = {
  re: "-0.5", im: "0", zoom: "1", rotation: "0", iterations: "auto", formula: "mandelbrot", power: "3",
  seed_re: "-0.8", seed_im: "0.156", quality: "standard", subdivision: "none", palette: "dusk", colouring: "smooth",
  density: "1", offset: "0", interior: "#000000",
};

/**
 * The state that a query says, and what of it cannot be used.
 * @param {string} query
 * @param {(text: string) => string | null} paletteOf a palette as the state has it, or null
 * @returns {{ state: State, strays: string[] }}
 */
export function read(query, paletteOf) {
  const said = new URLSearchParams(query);
  /** @type {string[]} */
  const strays = [];
  /** @type {(name: keyof typeof DEFAULTS, right: (text: string) => boolean) => string} */
  const field = (name, right) => {
    const text = said.get(name);
    if (text === null || right(text)) return text ?? DEFAULTS[name];
    strays.push(name);
    return DEFAULTS[name];
  };
  const oneOf = (/** @type {string[]} */ names) => (/** @type {string} */ text) => names.includes(text);
  const within = (/** @type {number} */ least, /** @type {number} */ most) => (/** @type {string} */ text) =>
    text.trim() !== "" && Number(text) >= least && Number(text) <= most;
  const whole = (/** @type {number} */ least, /** @type {number} */ most) => (/** @type {string} */ text) =>
    /^\d+$/.test(text) && within(least, most)(text);
  const rotation = Number(field("rotation", within(-360, 360)));
  let at = place(said.get("re") ?? DEFAULTS.re, said.get("im") ?? DEFAULTS.im, said.get("zoom") ?? DEFAULTS.zoom, rotation);
  if (!at) {
    strays.push("re, im or zoom");
    at = /** @type {import("./plane.js").Place} */ (place(DEFAULTS.re, DEFAULTS.im, DEFAULTS.zoom, rotation));
  }
  const interior = field("interior", (text) => /^#?[0-9a-f]{6}$/i.test(text));
  const state = {
    place: at,
    iterations: field("iterations", (text) => text === "auto" || whole(1, 1e9)(text)),
    formula: field("formula", oneOf(FORMULAS)),
    power: field("power", whole(2, 8)),
    seed_re: field("seed_re", within(-2, 2)),
    seed_im: field("seed_im", within(-2, 2)),
    quality: field("quality", oneOf(QUALITIES)),
    subdivision: field("subdivision", oneOf(SUBDIVISIONS)),
    colours: {
      palette: paletteOf(field("palette", (text) => paletteOf(text) !== null)) ?? DEFAULTS.palette,
      colouring: /** @type {Colours["colouring"]} */ (field("colouring", oneOf(COLOURINGS))),
      density: Number(field("density", within(0.001, 1000))),
      offset: Number(field("offset", within(-1000, 1000))),
      interior: interior.startsWith("#") ? interior : `#${interior}`,
    },
  };
  return { state, strays };
}

/** Whether what the set encloses is inside, and may be filled. @param {State} state */
export const hasNoHoles = ({ formula }) => formula !== "burning_ship" && formula !== "tricorn";

/** What both kinds of address say of the formula. @param {State} state @returns {[string, string][]} */
function formulaFields(state) {
  /** @type {[string, string][]} */
  const fields = [["iterations", state.iterations], ["formula", state.formula]];
  if (state.formula === "multibrot") fields.push(["power", state.power]);
  if (state.formula === "julia") fields.push(["seed_re", state.seed_re], ["seed_im", state.seed_im]);
  fields.push(["quality", state.quality]);
  if (hasNoHoles(state)) fields.push(["subdivision", state.subdivision]);
  return fields;
}

/** @param {[string, string][]} fields */
function queryOf(fields) {
  const query = new URLSearchParams();
  for (const [name, value] of fields) {
    if (DEFAULTS[/** @type {keyof typeof DEFAULTS} */ (name)] !== value) query.append(name, value);
  }
  // A colon, a comma and a sharp are readable in an address; nothing of ours needs more escapes.
  return query.toString();
}

/** Which field of counts the state looks at: all that decides a tile but its address. @param {State} state */
export const fieldQuery = (state) => queryOf(formulaFields(state));

/**
 * The state as a query, of a window of that size.
 * @param {State} state
 * @param {import("./plane.js").Size} size
 */
export function write(state, size) {
  const { re, im } = centreText(state.place, size);
  const { palette, colouring, density, offset, interior } = state.colours;
  return queryOf([
    ["re", re], ["im", im], ["zoom", state.place.zoomSaid ?? zoomText(state.place)], ["rotation", `${round(state.place.rotation, 2)}`],
    ...formulaFields(state),
    ["palette", palette], ["colouring", colouring], ["density", `${round(density, 4)}`], ["offset", `${round(offset, 4)}`],
    ["interior", interior.toLowerCase()],
  ]);
}

/** @param {number} number @param {number} places */
const round = (number, places) => Number(number.toFixed(places));

// The overview: the whole set, small, with a mark where the window is. A press on it goes there; the arrow keys move its crosshair,
// and Enter goes there. It is the root tile's counts in the state's colours.

import { Brush, gradient } from "./colours.js";
import { powerOfTwo, scaled } from "./decimal.js";
import { readNpy } from "./npy.js";
import { TILE, place as placeOf } from "./plane.js";
import { fieldQuery } from "./state.js";

const KEY = "tilebrot-overview";
/** Windows with room for it without being asked. */
const WIDE = "(min-width: 60rem) and (min-height: 30rem)";
/** A press goes no deeper than where the overview still tells points apart: there its pixels are a few of the window. */
const DEEPEST = 6;
/** Pixels of the smallest frame that is drawn as one. */
const LEAST_FRAME = 7;
/** Pixels of the overview that an arrow key moves the crosshair; with Shift, one. */
const STEP = 8;

/**
 * @param {import("./viewer.js").Viewer} viewer
 * @param {(id: string) => HTMLElement} element
 * @param {(place: import("./plane.js").Place) => void} go
 */
export function connectMinimap(viewer, element, go) {
  const canvas = /** @type {HTMLCanvasElement} */ (element("map"));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  /** @type {{ query: string, counts: Float32Array } | null} */
  let root = null;
  /** @type {string | null} */
  let asking = null;
  let painted = "";
  const picture = new OffscreenCanvas(TILE, TILE);
  /** From the upper left corner, in pixels of the root tile, while somebody moves it. @type {{ x: number, y: number } | null} */
  let crosshair = null;

  /** What decides the counts but how deep the window is. */
  const query = () => fieldQuery({ ...viewer.state, iterations: "auto", quality: "standard", subdivision: "none" });

  function draw() {
    if (element("minimap").hidden) return;
    const wanted = query();
    if (root?.query !== wanted) void fetchRoot(wanted);
    if (root?.query === wanted) paint(root.counts);
    context.clearRect(0, 0, TILE, TILE);
    if (root) context.drawImage(picture, 0, 0);
    mark();
    const { level } = viewer.state.place;
    const depth = level < 1 ? "All of it" : `${powerOfTwo(level, 2)}× deep`;
    if (element("map-depth").textContent !== depth) element("map-depth").textContent = depth;
  }

  /** @param {string} wanted */
  async function fetchRoot(wanted) {
    if (asking === wanted) return;
    asking = wanted;
    try {
      const answer = await fetch(`/tiles/v1/0/0/0.npy${wanted ? `?${wanted}` : ""}`, { headers: { priority: "u=5" } });
      if (answer.ok) root = { query: wanted, counts: readNpy(await answer.arrayBuffer()) };
    } catch {
      // Without a network there is no overview yet; the picture's own tiles say so.
    }
    if (asking === wanted) asking = null;
    if (root?.query === wanted) draw();
  }

  /** @param {Float32Array} counts */
  function paint(counts) {
    const { colours } = viewer.state;
    // A histogram is of the window, not of the whole.
    const plain = colours.colouring === "histogram" ? { ...colours, colouring: /** @type {const} */ ("smooth") } : colours;
    const name = JSON.stringify([plain, root?.query]);
    if (name === painted) return;
    painted = name;
    const image = new ImageData(TILE, TILE);
    new Brush(plain, gradient(viewer.stopsOf(plain.palette))).paint(counts, new Uint32Array(image.data.buffer));
    picture.getContext("2d")?.putImageData(image, 0, 0);
  }

  /** Where the window is: a frame, or a ring where that would be a speck. */
  function mark() {
    const { place } = viewer.state;
    const [re, im] = [scaled(place.re, place.bits, 0), scaled(place.im, place.bits, 0)];
    const [x, y] = [((re + 2.5) / 4) * TILE, ((2 - im) / 4) * TILE];
    const height = TILE / 2 ** place.level;
    const width = (height * viewer.size.width) / viewer.size.height;
    for (const [line, colour] of /** @type {[number, string][]} */ ([[5, "#000"], [2.5, "#fff"]])) {
      context.lineWidth = line;
      context.strokeStyle = colour;
      context.beginPath();
      if (height >= LEAST_FRAME) {
        context.save();
        context.translate(x, y);
        context.rotate((place.rotation * Math.PI) / 180);
        context.rect(-width / 2, -height / 2, width, height);
        context.restore();
      } else {
        context.arc(x, y, LEAST_FRAME, 0, 2 * Math.PI);
      }
      if (crosshair) {
        context.moveTo(crosshair.x, 0);
        context.lineTo(crosshair.x, TILE);
        context.moveTo(0, crosshair.y);
        context.lineTo(TILE, crosshair.y);
      }
      context.stroke();
    }
  }

  /** @param {{ x: number, y: number }} at */
  function goTo({ x, y }) {
    const { place } = viewer.state;
    const there = placeOf(`${(x / TILE) * 4 - 2.5}`, `${2 - (y / TILE) * 4}`, "1", place.rotation);
    if (there) go({ ...there, level: Math.min(place.level, DEEPEST), zoomSaid: null });
  }

  const at = (/** @type {PointerEvent} */ event) => {
    const { left, top, width } = canvas.getBoundingClientRect();
    const within = (/** @type {number} */ pixels) => Math.min(TILE, Math.max(0, (pixels * TILE) / width));
    return { x: within(event.clientX - left), y: within(event.clientY - top) };
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    goTo(at(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) goTo(at(event));
  });
  canvas.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 1 : STEP;
    const [right, down] = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key] ?? [0, 0];
    if (event.key === "Enter") {
      if (crosshair) goTo(crosshair);
    } else if (right !== 0 || down !== 0) {
      const from = crosshair ?? { x: TILE / 2, y: TILE / 2 };
      const within = (/** @type {number} */ pixels) => Math.min(TILE, Math.max(0, pixels));
      crosshair = { x: within(from.x + right), y: within(from.y + down) };
      draw();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  });
  canvas.addEventListener("blur", () => {
    crosshair = null;
    draw();
  });

  /** @param {boolean} shown */
  function show(shown) {
    element("minimap").hidden = !shown;
    element("map-button").setAttribute("aria-pressed", `${shown}`);
    draw();
  }
  function toggle() {
    const shown = element("minimap").hidden;
    show(shown);
    try {
      localStorage.setItem(KEY, shown ? "shown" : "hidden");
    } catch {
      // Then it is as wide windows have it, the next time.
    }
  }
  element("map-button").addEventListener("click", toggle);

  let said = null;
  try {
    said = localStorage.getItem(KEY);
  } catch {
    // Nobody said anything.
  }
  show(said === null ? matchMedia(WIDE).matches : said === "shown");
  return {
    draw,
    toggle,
    /** Whether it has what it shows. */
    get ready() {
      return element("minimap").hidden || root?.query === query();
    },
  };
}

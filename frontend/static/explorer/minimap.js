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
/** Widths and colours of a line that is seen on anything: dark, and light within. @type {[number, string][]} */
const LINES = [[5, "#000"], [2.5, "#fff"]];

/** @typedef {{ x: number, y: number }} Point from the upper left corner, in pixels of the root tile */

export class Minimap {
  #viewer;
  #element;
  #go;
  #canvas;
  #context;
  #picture = new OffscreenCanvas(TILE, TILE);
  /** @type {{ query: string, counts: Float32Array } | null} */
  #root = null;
  /** @type {string | null} */
  #asking = null;
  /** What the picture shows. */
  #painted = "";
  /** While somebody moves it. @type {Point | null} */
  #crosshair = null;

  /**
   * @param {import("./viewer.js").Viewer} viewer
   * @param {(id: string) => HTMLElement} element
   * @param {(place: import("./plane.js").Place) => void} go
   */
  constructor(viewer, element, go) {
    this.#viewer = viewer;
    this.#element = element;
    this.#go = go;
    this.#canvas = /** @type {HTMLCanvasElement} */ (element("map"));
    this.#context = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext("2d"));
    this.#listenToPointer();
    this.#listenToKeys();
    element("map-button").addEventListener("click", () => this.toggle());
    this.#show(isShownAtFirst());
  }

  /** Whether it has what it shows. */
  get ready() {
    return this.#element("minimap").hidden || this.#root?.query === this.#query();
  }

  draw() {
    if (this.#element("minimap").hidden) return;
    const wanted = this.#query();
    if (this.#root?.query !== wanted) void this.#fetchRoot(wanted);
    if (this.#root?.query === wanted) this.#paint(this.#root.counts);
    this.#context.clearRect(0, 0, TILE, TILE);
    if (this.#root) this.#context.drawImage(this.#picture, 0, 0);
    for (const [width, colour] of LINES) {
      this.#context.lineWidth = width;
      this.#context.strokeStyle = colour;
      this.#strokeMark();
    }
    const { level } = this.#viewer.state.place;
    const depth = level < 1 ? "All of it" : `${powerOfTwo(level, 2)}× deep`;
    if (this.#element("map-depth").textContent !== depth) this.#element("map-depth").textContent = depth;
  }

  toggle() {
    const shown = this.#element("minimap").hidden;
    this.#show(shown);
    try {
      localStorage.setItem(KEY, shown ? "shown" : "hidden");
    } catch {
      // Then it is as wide windows have it, the next time.
    }
  }

  /** @param {boolean} shown */
  #show(shown) {
    this.#element("minimap").hidden = !shown;
    this.#element("map-button").setAttribute("aria-pressed", `${shown}`);
    this.draw();
  }

  /** What decides the counts but how deep the window is. */
  #query() {
    return fieldQuery({ ...this.#viewer.state, iterations: "auto", quality: "standard", subdivision: "none" });
  }

  /** @param {string} wanted */
  async #fetchRoot(wanted) {
    if (this.#asking === wanted) return;
    this.#asking = wanted;
    try {
      const answer = await fetch(`/tiles/v1/0/0/0.npy${wanted ? `?${wanted}` : ""}`, { headers: { priority: "u=5" } });
      if (answer.ok) this.#root = { query: wanted, counts: readNpy(await answer.arrayBuffer()) };
    } catch {
      // Without a network there is no overview yet; the picture's own tiles say so.
    }
    if (this.#asking === wanted) this.#asking = null;
    if (this.#root?.query === wanted) this.draw();
  }

  /** @param {Float32Array} counts */
  #paint(counts) {
    const { colours } = this.#viewer.state;
    // A histogram is of the window, not of the whole.
    const plain = colours.colouring === "histogram" ? { ...colours, colouring: /** @type {const} */ ("smooth") } : colours;
    const name = JSON.stringify([plain, this.#root?.query]);
    if (name === this.#painted) return;
    this.#painted = name;
    const image = new ImageData(TILE, TILE);
    new Brush(plain, gradient(this.#viewer.stopsOf(plain.palette))).paint(counts, new Uint32Array(image.data.buffer));
    this.#picture.getContext("2d")?.putImageData(image, 0, 0);
  }

  /** Where the window is: a frame, or a ring where that would be a speck; and the crosshair. */
  #strokeMark() {
    const { place } = this.#viewer.state;
    const { size } = this.#viewer;
    const [re, im] = [scaled(place.re, place.bits, 0), scaled(place.im, place.bits, 0)];
    const [x, y] = [((re + 2.5) / 4) * TILE, ((2 - im) / 4) * TILE];
    const height = TILE / 2 ** place.level;
    const width = (height * size.width) / size.height;
    const context = this.#context;
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
    if (this.#crosshair) {
      context.moveTo(this.#crosshair.x, 0);
      context.lineTo(this.#crosshair.x, TILE);
      context.moveTo(0, this.#crosshair.y);
      context.lineTo(TILE, this.#crosshair.y);
    }
    context.stroke();
  }

  /** @param {Point} at */
  #goTo({ x, y }) {
    const { place } = this.#viewer.state;
    const there = placeOf(`${(x / TILE) * 4 - 2.5}`, `${2 - (y / TILE) * 4}`, "1", place.rotation);
    if (there) this.#go({ ...there, level: Math.min(place.level, DEEPEST), zoomSaid: null });
  }

  #listenToPointer() {
    const canvas = this.#canvas;
    const at = (/** @type {PointerEvent} */ event) => {
      const { left, top, width } = canvas.getBoundingClientRect();
      return { x: within(((event.clientX - left) * TILE) / width), y: within(((event.clientY - top) * TILE) / width) };
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.#goTo(at(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) this.#goTo(at(event));
    });
  }

  #listenToKeys() {
    this.#canvas.addEventListener("keydown", (event) => {
      const step = event.shiftKey ? 1 : STEP;
      const [right, down] = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key] ?? [0, 0];
      if (event.key === "Enter") {
        if (this.#crosshair) this.#goTo(this.#crosshair);
      } else if (right !== 0 || down !== 0) {
        const from = this.#crosshair ?? { x: TILE / 2, y: TILE / 2 };
        this.#crosshair = { x: within(from.x + right), y: within(from.y + down) };
        this.draw();
      } else {
        return;
      }
      event.preventDefault();
      event.stopPropagation();
    });
    this.#canvas.addEventListener("blur", () => {
      this.#crosshair = null;
      this.draw();
    });
  }
}

/** On the map. @param {number} pixels */
const within = (pixels) => Math.min(TILE, Math.max(0, pixels));

/** As it was left, or where there is room for it. */
function isShownAtFirst() {
  let said = null;
  try {
    said = localStorage.getItem(KEY);
  } catch {
    // Nobody said anything.
  }
  return said === null ? matchMedia(WIDE).matches : said === "shown";
}

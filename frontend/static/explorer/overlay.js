// What follows the pointer: the orbit of its point over the picture, and a small Julia set that belongs to it. Both are
// for shallow depths, where a float tells the points of the window apart.

import { Brush, gradient } from "./colours.js";
import { scaled } from "./decimal.js";
import { orbit, smoothCount } from "./outside.js";
import { moved } from "./plane.js";

const DEEPEST = 40;
const STEPS = 300;
const LIMIT = 300;

export class Overlay {
  orbit = false;
  julia = false;
  #scheduled = false;

  /** @param {import("./viewer.js").Viewer} viewer @param {HTMLCanvasElement} canvas @param {HTMLCanvasElement} preview */
  constructor(viewer, canvas, preview) {
    this.viewer = viewer;
    this.canvas = canvas;
    this.preview = preview;
  }

  toggleJulia() {
    this.julia = !this.julia;
    this.preview.hidden = !this.julia;
    this.draw();
  }

  draw() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#drawOrbit();
      if (this.julia) this.#drawJulia();
    });
  }

  /** The point under the pointer, near enough for a picture of it. */
  #point() {
    const { viewer } = this;
    const at = moved(viewer.state.place, viewer.size, viewer.pointer.x, viewer.pointer.y);
    return { re: scaled(at.re, at.bits, 0), im: scaled(at.im, at.bits, 0) };
  }

  /** The view of the Julia set that belongs to the pointer's point. */
  juliaQuery() {
    const { re, im } = this.#point();
    const within = (/** @type {number} */ seed) => `${Number(Math.max(-2, Math.min(2, seed)).toPrecision(12))}`;
    return `re=0&zoom=1.2&formula=julia&seed_re=${within(re)}&seed_im=${within(im)}&palette=${this.viewer.state.colours.palette}`;
  }

  #drawOrbit() {
    const { canvas, viewer } = this;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    if (canvas.width !== viewer.canvas.width || canvas.height !== viewer.canvas.height) {
      [canvas.width, canvas.height] = [viewer.canvas.width, viewer.canvas.height];
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    const { place } = viewer.state;
    if (!this.orbit || place.level > DEEPEST) return;
    const { re, im } = this.#point();
    const [centreRe, centreIm] = [scaled(place.re, place.bits, 0), scaled(place.im, place.bits, 0)];
    const unit = (viewer.size.height * viewer.density * 2 ** place.level) / 4;
    context.translate(canvas.width / 2, canvas.height / 2);
    context.rotate((place.rotation * Math.PI) / 180);
    const points = orbit(viewer.state, re, im, STEPS, 64).map(([x, y]) => [(x - centreRe) * unit, (centreIm - y) * unit]);
    for (const [width, colour] of /** @type {[number, string][]} */ ([[4, "rgb(0 0 0 / 55%)"], [1.5, "#fff"]])) {
      context.lineWidth = width * viewer.density;
      context.strokeStyle = colour;
      context.beginPath();
      for (const [x, y] of points) context.lineTo(x, y);
      context.stroke();
    }
    context.fillStyle = "#ffb347";
    for (const [x, y] of points.slice(0, 100)) context.fillRect(x - 2.5, y - 2.5, 5, 5);
  }

  #drawJulia() {
    const { viewer, preview } = this;
    const { re, im } = this.#point();
    const state = { ...viewer.state, formula: "julia", seed_re: `${re}`, seed_im: `${im}` };
    const { width, height } = preview;
    const counts = new Float32Array(width * height);
    for (let i = 0; i < counts.length; i += 1) {
      const [x, y] = [(i % width) + 0.5 - width / 2, height / 2 - Math.floor(i / width) - 0.5];
      counts[i] = smoothCount(state, (x * 3.4) / height, (y * 3.4) / height, LIMIT);
    }
    const image = new ImageData(width, height);
    const colours = { ...viewer.state.colours, colouring: /** @type {const} */ ("smooth") };
    new Brush(colours, gradient(viewer.stopsOf(colours.palette))).paint(counts, new Uint32Array(image.data.buffer));
    preview.getContext("2d")?.putImageData(image, 0, 0);
  }
}

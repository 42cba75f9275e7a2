// The palette's editor: a bar, whose empty places take a new stop, and beneath it the stops, of which one is in hand. Every change
// is the state's palette at once, so that the picture, the address and what is saved have it.

import { encode, gradient, rgbOf } from "./colours.js";
import { download } from "./download.js";
import { LONGEST_NAME, background } from "./palette.js";
import { KINDS, writePalette } from "./palettefiles.js";
import { LEAST_STOPS, MOST_STOPS, hexOf, roundedPosition, stopsText } from "./stops.js";

/** Of the bar, that an arrow key moves a stop; with Shift, a tenth of it. */
const STEP = 0.01;

/**
 * @param {import("./palette.js").Palettes} palettes
 * @param {(id: string) => HTMLElement} element
 * @param {{ palette: () => string, recolour: (palette: string) => void, say: (text: string) => void }} told
 */
export function connectEditor(palettes, element, told) {
  const input = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (element(id));
  const [bar, track, thumb] = [element("gradient"), element("stops"), element("stop")];
  /** @type {import("./colours.js").Stop[]} */
  let stops = [];
  let shown = "";
  /** The stop in hand. */
  let at = 0;

  /** What is seen of the state's palette. */
  function show() {
    const palette = told.palette();
    if (palette !== shown) {
      stops = palettes.stops(palette);
      at = Math.min(at, stops.length - 1);
      if (palettes.keptName(palette)) input("palette-name").value = palettes.nameOf(palette);
      shown = palette;
    }
    if (!element("editor").hidden) draw();
  }

  function draw() {
    bar.style.background = background(stops);
    const marks = stops.map(({ position, colour }, i) => {
      const mark = document.createElement("i");
      mark.style.left = `${100 * position}%`;
      mark.style.background = `#${hexOf(colour)}`;
      mark.hidden = i === at;
      return mark;
    });
    track.replaceChildren(...marks, thumb);
    const { position, colour } = stops[at];
    thumb.style.left = `${100 * position}%`;
    thumb.style.background = `#${hexOf(colour)}`;
    thumb.setAttribute("aria-label", `Stop ${at + 1} of ${stops.length}`);
    thumb.setAttribute("aria-valuenow", `${position}`);
    thumb.setAttribute("aria-valuetext", `${position}, #${hexOf(colour)}`);
    element("stop-title").textContent = `Stop ${at + 1} of ${stops.length}`;
    input("stop-colour").value = `#${hexOf(colour)}`;
    if (document.activeElement !== input("stop-position")) input("stop-position").value = `${position}`;
    /** @type {HTMLButtonElement} */ (element("stop-remove")).disabled = stops.length <= LEAST_STOPS;
    /** @type {HTMLButtonElement} */ (element("stop-add")).disabled = stops.length >= MOST_STOPS;
    element("palette-delete").hidden = palettes.keptName(told.palette()) === null;
  }

  /** The palette is these stops now. */
  function change() {
    shown = stopsText(stops);
    told.recolour(shown);
    draw();
  }

  /** As far as the neighbours let it. @param {number} position */
  function move(position) {
    const [least, most] = [stops[at - 1]?.position ?? 0, stops[at + 1]?.position ?? 1];
    const clamped = roundedPosition(Math.min(most, Math.max(least, position)));
    if (clamped === stops[at].position) return;
    stops = stops.with(at, { ...stops[at], position: clamped });
    change();
  }

  /** @param {number} position */
  function add(position) {
    if (stops.length >= MOST_STOPS) {
      told.say(`A palette has at most ${MOST_STOPS} stops.`);
      return;
    }
    const light = gradient(stops);
    const entry = 3 * (Math.floor((position * light.length) / 3) % (light.length / 3));
    const colour = /** @type {[number, number, number]} */ ([0, 1, 2].map((channel) => encode(light[entry + channel])));
    at = stops.findLastIndex((stop) => stop.position <= position) + 1;
    stops = stops.toSpliced(at, 0, { position: roundedPosition(position), colour });
    change();
  }

  /** Half way to the next stop, or to the end of the bar. */
  const addBehind = () => add((stops[at].position + (stops[at + 1]?.position ?? 1)) / 2);

  function remove() {
    if (stops.length <= LEAST_STOPS) {
      told.say(`A palette has at least ${LEAST_STOPS} stops.`);
      return;
    }
    stops = stops.toSpliced(at, 1);
    at = Math.max(0, at - 1);
    change();
  }

  /** @param {number} by */
  function choose(by) {
    at = (at + by + stops.length) % stops.length;
    draw();
  }

  const place = (/** @type {PointerEvent} */ event) => {
    const { left, width } = bar.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - left) / width));
  };
  let held = false;
  for (const target of [bar, track]) {
    target.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      target.setPointerCapture(event.pointerId);
      held = true;
      const position = place(event);
      if (target === bar) {
        add(position);
      } else {
        const far = stops.map((stop) => Math.abs(stop.position - position));
        at = far.indexOf(Math.min(...far));
        draw();
      }
      thumb.focus({ preventScroll: true });
    });
    target.addEventListener("pointermove", (event) => {
      if (held) move(place(event));
    });
    for (const end of ["pointerup", "pointercancel"]) target.addEventListener(end, () => { held = false; });
  }

  thumb.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? STEP / 10 : STEP;
    const { position } = stops[at];
    const acts = /** @type {Record<string, () => void>} */ ({
      ArrowLeft: () => move(position - step), ArrowDown: () => move(position - step),
      ArrowRight: () => move(position + step), ArrowUp: () => move(position + step),
      Home: () => move(0), End: () => move(1), PageUp: () => choose(-1), PageDown: () => choose(1),
      Delete: remove, Backspace: remove, Insert: addBehind,
    });
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(acts, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    acts[event.key]();
  });
  element("stop-before").addEventListener("click", () => choose(-1));
  element("stop-after").addEventListener("click", () => choose(1));
  element("stop-add").addEventListener("click", addBehind);
  element("stop-remove").addEventListener("click", remove);
  input("stop-colour").addEventListener("input", () => {
    stops = stops.with(at, { ...stops[at], colour: rgbOf(input("stop-colour").value) });
    change();
  });
  input("stop-position").addEventListener("change", () => {
    const position = Number(input("stop-position").value);
    if (input("stop-position").value !== "" && position >= 0 && position <= 1) move(position);
    else told.say("A position is a number from 0 to 1.");
    input("stop-position").value = `${stops[at].position}`;
  });
  element("palette-keep").addEventListener("click", () => {
    const name = input("palette-name").value.trim().slice(0, LONGEST_NAME);
    if (!name) {
      told.say("A palette is kept under a name: give it one first.");
      input("palette-name").focus();
      return;
    }
    try {
      palettes.keep(name, stopsText(stops));
      change();
      told.say(`${name} is kept in this browser.`);
    } catch (error) {
      told.say(error instanceof Error ? error.message : `${error}`);
    }
  });
  element("palette-delete").addEventListener("click", () => {
    const name = palettes.keptName(told.palette());
    palettes.forget(told.palette());
    change();
    told.say(`${name} is deleted; the picture has its colours until you choose others.`);
    input("palette-name").focus();
  });
  element("export-palette").addEventListener("click", () => {
    const kind = input("export-kind").value;
    const name = palettes.nameOf(told.palette());
    if (KINDS.includes(kind)) download(`${name}.${kind}`, kind === "json" ? "application/json" : "text/plain", writePalette(kind, name, stops));
  });
  element("edit").addEventListener("click", toggle);

  function toggle() {
    const closed = !element("editor").hidden;
    element("editor").hidden = closed;
    element("edit").setAttribute("aria-expanded", `${!closed}`);
    show();
    if (closed) {
      element("edit").focus();
    } else {
      thumb.focus({ preventScroll: true });
      element("editor").scrollIntoView({ block: "nearest" });
    }
  }

  show();
  return { show, toggle };
}

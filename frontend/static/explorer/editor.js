// The palette's editor: a bar, whose empty places take a new stop, and beneath it the stops, of which one is in hand. Every change
// is the state's palette at once, so that the picture, the address and what is saved have it.

import { rgbOf } from "./colours.js";
import { download } from "./download.js";
import { LONGEST_NAME, background } from "./palette.js";
import { KINDS, writePalette } from "./palettefiles.js";
import { StopList } from "./stoplist.js";
import { LEAST_STOPS, MOST_STOPS, hexOf, stopsText } from "./stops.js";

/** Of the bar, that an arrow key moves a stop; with Shift, a tenth of it. */
const STEP = 0.01;

/** @typedef {{ palette: () => string, recolour: (palette: string) => void, say: (text: string) => void }} Told */

export class Editor {
  #palettes;
  #element;
  #told;
  #stops = new StopList();
  /** The palette whose stops these are. */
  #shown = "";

  /**
   * @param {import("./palette.js").Palettes} palettes
   * @param {(id: string) => HTMLElement} element
   * @param {Told} told
   */
  constructor(palettes, element, told) {
    this.#palettes = palettes;
    this.#element = element;
    this.#told = told;
    this.#listenToPointer();
    this.#listenToKeys();
    this.#listenToFields();
    this.#listenToButtons();
    this.show();
  }

  /** What is seen of the state's palette. */
  show() {
    const palette = this.#told.palette();
    if (palette !== this.#shown) {
      this.#stops.take(this.#palettes.stops(palette));
      if (this.#palettes.keptName(palette)) this.#input("palette-name").value = this.#palettes.nameOf(palette);
      this.#shown = palette;
    }
    if (!this.#element("editor").hidden) this.#draw();
  }

  toggle() {
    const editor = this.#element("editor");
    const closed = !editor.hidden;
    editor.hidden = closed;
    this.#element("edit").setAttribute("aria-expanded", `${!closed}`);
    this.show();
    if (closed) {
      this.#element("edit").focus();
    } else {
      this.#element("stop").focus({ preventScroll: true });
      editor.scrollIntoView({ block: "nearest" });
    }
  }

  #draw() {
    const { all, at, inHand } = this.#stops;
    const thumb = this.#element("stop");
    this.#element("gradient").style.background = background(all);
    const marks = all.map(({ position, colour }, i) => {
      const mark = document.createElement("i");
      mark.style.left = `${100 * position}%`;
      mark.style.background = `#${hexOf(colour)}`;
      mark.hidden = i === at;
      return mark;
    });
    this.#element("stops").replaceChildren(...marks, thumb);
    const { position, colour } = inHand;
    const [hex, title] = [`#${hexOf(colour)}`, `Stop ${at + 1} of ${all.length}`];
    thumb.style.left = `${100 * position}%`;
    thumb.style.background = hex;
    thumb.setAttribute("aria-label", title);
    thumb.setAttribute("aria-valuenow", `${position}`);
    thumb.setAttribute("aria-valuetext", `${position}, ${hex}`);
    this.#element("stop-title").textContent = title;
    this.#input("stop-colour").value = hex;
    if (document.activeElement !== this.#input("stop-position")) this.#input("stop-position").value = `${position}`;
    /** @type {HTMLButtonElement} */ (this.#element("stop-remove")).disabled = this.#stops.isLeast;
    /** @type {HTMLButtonElement} */ (this.#element("stop-add")).disabled = this.#stops.isFull;
    this.#element("palette-delete").hidden = this.#palettes.keptName(this.#told.palette()) === null;
  }

  /** The palette is these stops now. */
  #change() {
    this.#shown = stopsText(this.#stops.all);
    this.#told.recolour(this.#shown);
    this.#draw();
  }

  /** @param {number} position */
  #move(position) {
    if (this.#stops.move(position)) this.#change();
  }

  /** @param {number} position */
  #add(position) {
    if (this.#stops.isFull) {
      this.#told.say(`A palette has at most ${MOST_STOPS} stops.`);
      return;
    }
    this.#stops.add(position);
    this.#change();
  }

  #remove() {
    if (this.#stops.isLeast) {
      this.#told.say(`A palette has at least ${LEAST_STOPS} stops.`);
      return;
    }
    this.#stops.remove();
    this.#change();
  }

  /** @param {number} by */
  #choose(by) {
    this.#stops.choose(by);
    this.#draw();
  }

  /** A press on the bar adds a stop, one beneath it takes the nearest in hand; both may go on as a drag. */
  #listenToPointer() {
    const bar = this.#element("gradient");
    const place = (/** @type {PointerEvent} */ event) => {
      const { left, width } = bar.getBoundingClientRect();
      return Math.min(1, Math.max(0, (event.clientX - left) / width));
    };
    let held = false;
    for (const target of [bar, this.#element("stops")]) {
      target.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        event.preventDefault();
        target.setPointerCapture(event.pointerId);
        held = true;
        if (target === bar) {
          this.#add(place(event));
        } else {
          this.#stops.chooseNearest(place(event));
          this.#draw();
        }
        this.#element("stop").focus({ preventScroll: true });
      });
      target.addEventListener("pointermove", (event) => {
        if (held) this.#move(place(event));
      });
      for (const end of ["pointerup", "pointercancel"]) target.addEventListener(end, () => { held = false; });
    }
  }

  #listenToKeys() {
    this.#element("stop").addEventListener("keydown", (event) => {
      const step = event.shiftKey ? STEP / 10 : STEP;
      const { position } = this.#stops.inHand;
      const acts = /** @type {Record<string, () => void>} */ ({
        ArrowLeft: () => this.#move(position - step), ArrowDown: () => this.#move(position - step),
        ArrowRight: () => this.#move(position + step), ArrowUp: () => this.#move(position + step),
        Home: () => this.#move(0), End: () => this.#move(1), PageUp: () => this.#choose(-1), PageDown: () => this.#choose(1),
        Delete: () => this.#remove(), Backspace: () => this.#remove(), Insert: () => this.#add(this.#stops.behind),
      });
      if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(acts, event.key)) return;
      event.preventDefault();
      event.stopPropagation();
      acts[event.key]();
    });
  }

  #listenToFields() {
    const [colour, position] = [this.#input("stop-colour"), this.#input("stop-position")];
    colour.addEventListener("input", () => {
      this.#stops.recolour(rgbOf(colour.value));
      this.#change();
    });
    position.addEventListener("change", () => {
      const wanted = Number(position.value);
      if (position.value !== "" && wanted >= 0 && wanted <= 1) this.#move(wanted);
      else this.#told.say("A position is a number from 0 to 1.");
      position.value = `${this.#stops.inHand.position}`;
    });
  }

  #listenToButtons() {
    const acts = {
      "stop-before": () => this.#choose(-1),
      "stop-after": () => this.#choose(1),
      "stop-add": () => this.#add(this.#stops.behind),
      "stop-remove": () => this.#remove(),
      "palette-keep": () => this.#keep(),
      "palette-delete": () => this.#forget(),
      "export-palette": () => this.#export(),
      edit: () => this.toggle(),
    };
    for (const [id, act] of Object.entries(acts)) this.#element(id).addEventListener("click", act);
  }

  #keep() {
    const name = this.#input("palette-name").value.trim().slice(0, LONGEST_NAME);
    if (!name) {
      this.#told.say("A palette is kept under a name: give it one first.");
      this.#input("palette-name").focus();
      return;
    }
    try {
      this.#palettes.keep(name, stopsText(this.#stops.all));
      this.#change();
      this.#told.say(`${name} is kept in this browser.`);
    } catch (error) {
      this.#told.say(error instanceof Error ? error.message : `${error}`);
    }
  }

  #forget() {
    const palette = this.#told.palette();
    const name = this.#palettes.keptName(palette);
    this.#palettes.forget(palette);
    this.#change();
    this.#told.say(`${name} is deleted; the picture has its colours until you choose others.`);
    this.#input("palette-name").focus();
  }

  #export() {
    const kind = this.#input("export-kind").value;
    const name = this.#palettes.nameOf(this.#told.palette());
    const type = kind === "json" ? "application/json" : "text/plain";
    if (KINDS.includes(kind)) download(`${name}.${kind}`, type, writePalette(kind, name, this.#stops.all));
  }

  /** @param {string} id */
  #input(id) {
    return /** @type {HTMLInputElement} */ (this.#element(id));
  }
}

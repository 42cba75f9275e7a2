// The panel: colours, which repaint at once, and what decides the counts, which asks for other tiles.

import { Editor } from "./editor.js";
import { background } from "./palette.js";
import { readPalette } from "./palettefiles.js";
import { FORMULAS, hasNoHoles } from "./state.js";
import { stopsText } from "./stops.js";

/** The slider's steps: a hundred of them from 100 to 10,000,000. @param {number} step */
const limitOf = (step) => Math.round(Number((10 ** (2 + step / 20)).toPrecision(2)));
/** @param {number} limit */
const stepOf = (limit) => Math.round(20 * (Math.log10(limit) - 2));

/** @typedef {{ recoloured: () => void, changed: () => void, say: (text: string) => void }} Told */

export class Panel {
  #viewer;
  #palettes;
  #element;
  #told;
  #editor;
  /** The choices of palettes that are shown. */
  #choices = "";

  /**
   * @param {import("./viewer.js").Viewer} viewer
   * @param {import("./palette.js").Palettes} palettes
   * @param {(id: string) => HTMLElement} element
   * @param {Told} told
   */
  constructor(viewer, palettes, element, told) {
    this.#viewer = viewer;
    this.#palettes = palettes;
    this.#element = element;
    this.#told = told;
    this.#editor = new Editor(palettes, element, {
      palette: () => viewer.state.colours.palette,
      recolour: (palette) => this.#recolour({ palette }),
      say: told.say,
    });
    this.#listenToColours();
    this.#listenToFormula();
    this.#listenToIterations();
    element("panel-button").addEventListener("click", () => this.toggle());
    this.show();
  }

  /** What is seen of the state. */
  show() {
    this.#showPalettes();
    this.#showColours();
    this.#showFormula();
    this.#showIterations();
    this.#editor.show();
  }

  toggle() {
    const closed = !this.#element("panel").hidden;
    this.#element("panel").hidden = closed;
    this.#element("panel-button").setAttribute("aria-expanded", `${!closed}`);
    if (!closed) this.#element("panel").querySelector("input")?.focus();
    else this.#element("panel-button").focus();
  }

  edit() {
    if (this.#element("panel").hidden) this.toggle();
    this.#editor.toggle();
  }

  /** The palette of a file. @param {File} file */
  async take(file) {
    try {
      const { stops, had } = await readPalette(file);
      this.#recolour({ palette: stopsText(stops) });
      const less = had > stops.length ? ` of its ${had} colours, the ${stops.length} that matter most` : "";
      this.#told.say(`${file.name} colours the picture${less && `:${less}`}. The link has it; Edit palette keeps it under a name.`);
    } catch (error) {
      this.#told.say(`${file.name}: ${error instanceof Error ? error.message : error}`);
    }
  }

  #listenToColours() {
    this.#on("colouring", "change", ({ value }) => this.#recolour({ colouring: /** @type {any} */ (value) }));
    this.#on("density", "input", ({ value }) => this.#recolour({ density: Number((2 ** Number(value)).toFixed(3)) }));
    this.#on("offset", "input", ({ value }) => this.#recolour({ offset: Number(value) }));
    this.#on("interior", "input", ({ value }) => this.#recolour({ interior: value }));
    this.#on("import-palette", "change", (input) => {
      const file = input.files?.[0];
      input.value = "";
      if (file) void this.take(file);
    });
  }

  #listenToFormula() {
    this.#on("formula", "change", ({ value }) => {
      if (FORMULAS.includes(value)) this.#change({ formula: value });
    });
    this.#on("power", "change", ({ value }) => {
      const power = Number(value);
      if (Number.isInteger(power) && power >= 2 && power <= 8) this.#change({ power: `${power}` });
      else this.#told.say("The power is a whole number from 2 to 8.");
    });
    this.#on("quality", "change", ({ value }) => this.#change({ quality: value }));
    this.#on("subdivision", "change", ({ checked }) => this.#change({ subdivision: checked ? "interior" : "none" }));
  }

  #listenToIterations() {
    const limit = () => limitOf(Number(this.#input("iterations").value));
    this.#on("auto", "change", ({ checked }) => this.#change({ iterations: checked ? "auto" : `${limit()}` }));
    this.#on("iterations", "input", () => {
      this.#element("iterations-value").textContent = limit().toLocaleString("en");
    });
    this.#on("iterations", "change", () => this.#change({ iterations: `${limit()}` }));
  }

  /** One for each choice; they are made anew only when there are others. */
  #showPalettes() {
    const { palette } = this.#viewer.state.colours;
    const choices = this.#palettes.choices(palette);
    const now = JSON.stringify(choices);
    if (now !== this.#choices) {
      this.#choices = now;
      this.#element("palettes").replaceChildren(...choices.map((choice) => this.#swatch(choice)));
    }
    for (const radio of this.#element("palettes").querySelectorAll("input")) radio.checked = radio.value === palette;
  }

  /** @param {{ name: string, text: string }} choice */
  #swatch({ name, text }) {
    const label = document.createElement("label");
    const radio = document.createElement("input");
    Object.assign(radio, { type: "radio", name: "palette", value: text, ariaLabel: name });
    radio.addEventListener("change", () => this.#recolour({ palette: text }));
    const swatch = document.createElement("span");
    swatch.style.background = background(this.#palettes.stops(text));
    label.title = name;
    label.append(radio, swatch);
    return label;
  }

  #showColours() {
    const { colours } = this.#viewer.state;
    const offset = ((colours.offset % 1) + 1) % 1;
    this.#input("colouring").value = colours.colouring;
    this.#input("density").value = `${Math.log2(colours.density)}`;
    this.#element("density-value").textContent = `${Number(colours.density.toFixed(2))}×`;
    this.#input("offset").value = `${offset}`;
    this.#element("offset-value").textContent = `${Number(offset.toFixed(2))} turns`;
    this.#input("interior").value = colours.interior;
  }

  #showFormula() {
    const { state } = this.#viewer;
    this.#input("formula").value = state.formula;
    this.#input("power").value = state.power;
    this.#element("power-field").hidden = state.formula !== "multibrot";
    this.#element("seed-field").hidden = state.formula !== "julia";
    this.#element("seed").textContent = `${state.seed_re} + ${state.seed_im} i`;
    this.#input("quality").value = state.quality;
    this.#input("subdivision").checked = hasNoHoles(state) && state.subdivision === "interior";
    this.#input("subdivision").disabled = !hasNoHoles(state);
  }

  #showIterations() {
    const { iterations } = this.#viewer.state;
    const auto = iterations === "auto";
    this.#input("auto").checked = auto;
    this.#input("iterations").disabled = auto;
    if (!auto) this.#input("iterations").value = `${stepOf(Number(iterations))}`;
    this.#element("iterations-value").textContent = auto ? "auto" : Number(iterations).toLocaleString("en");
  }

  /** @param {Partial<import("./state.js").Colours>} change */
  #recolour(change) {
    this.#viewer.recolour({ ...this.#viewer.state.colours, ...change });
    this.#told.recoloured();
    this.show();
  }

  /** @param {Partial<import("./state.js").State>} change */
  #change(change) {
    this.#viewer.show({ ...this.#viewer.state, ...change });
    this.#told.changed();
    this.show();
  }

  /** @param {string} id @param {"input" | "change"} event @param {(input: HTMLInputElement) => void} act */
  #on(id, event, act) {
    const input = this.#input(id);
    input.addEventListener(event, () => act(input));
  }

  /** @param {string} id */
  #input(id) {
    return /** @type {HTMLInputElement} */ (this.#element(id));
  }
}

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

/**
 * @param {import("./viewer.js").Viewer} viewer
 * @param {import("./palette.js").Palettes} palettes
 * @param {(id: string) => HTMLElement} element
 * @param {{ recoloured: () => void, changed: () => void, say: (text: string) => void }} told
 */
export function connectPanel(viewer, palettes, element, told) {
  const input = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (element(id));

  let swatched = "";

  const recolour = (/** @type {Partial<import("./state.js").Colours>} */ change) => {
    viewer.recolour({ ...viewer.state.colours, ...change });
    told.recoloured();
    show();
  };
  const change = (/** @type {Partial<import("./state.js").State>} */ change) => {
    viewer.show({ ...viewer.state, ...change });
    told.changed();
    show();
  };

  /** One for each choice; they are made anew only when there are others. */
  function swatches() {
    const choices = palettes.choices(viewer.state.colours.palette);
    const now = JSON.stringify(choices);
    if (now === swatched) return;
    swatched = now;
    element("palettes").replaceChildren(
      ...choices.map(({ name, text }) => {
        const label = document.createElement("label");
        const radio = document.createElement("input");
        Object.assign(radio, { type: "radio", name: "palette", value: text, ariaLabel: name });
        radio.addEventListener("change", () => recolour({ palette: text }));
        const swatch = document.createElement("span");
        swatch.style.background = background(palettes.stops(text));
        label.title = name;
        label.append(radio, swatch);
        return label;
      }),
    );
  }

  function show() {
    const { state } = viewer;
    const { colours } = state;
    swatches();
    for (const radio of element("palettes").querySelectorAll("input")) radio.checked = radio.value === colours.palette;
    input("colouring").value = colours.colouring;
    input("density").value = `${Math.log2(colours.density)}`;
    element("density-value").textContent = `${Number(colours.density.toFixed(2))}×`;
    input("offset").value = `${((colours.offset % 1) + 1) % 1}`;
    element("offset-value").textContent = `${Number((((colours.offset % 1) + 1) % 1).toFixed(2))} turns`;
    input("interior").value = colours.interior;
    input("formula").value = state.formula;
    input("power").value = state.power;
    element("power-field").hidden = state.formula !== "multibrot";
    element("seed-field").hidden = state.formula !== "julia";
    element("seed").textContent = `${state.seed_re} + ${state.seed_im} i`;
    const auto = state.iterations === "auto";
    input("auto").checked = auto;
    input("iterations").disabled = auto;
    if (!auto) input("iterations").value = `${stepOf(Number(state.iterations))}`;
    element("iterations-value").textContent = auto ? "auto" : Number(state.iterations).toLocaleString("en");
    input("quality").value = state.quality;
    input("subdivision").checked = hasNoHoles(state) && state.subdivision === "interior";
    input("subdivision").disabled = !hasNoHoles(state);
    editor.show();
  }

  input("colouring").addEventListener("change", () => recolour({ colouring: /** @type {any} */ (input("colouring").value) }));
  input("density").addEventListener("input", () => recolour({ density: Number((2 ** Number(input("density").value)).toFixed(3)) }));
  input("offset").addEventListener("input", () => recolour({ offset: Number(input("offset").value) }));
  input("interior").addEventListener("input", () => recolour({ interior: input("interior").value }));
  input("formula").addEventListener("change", () => {
    const formula = input("formula").value;
    if (FORMULAS.includes(formula)) change({ formula });
  });
  input("power").addEventListener("change", () => {
    const power = Number(input("power").value);
    if (Number.isInteger(power) && power >= 2 && power <= 8) change({ power: `${power}` });
    else told.say("The power is a whole number from 2 to 8.");
  });
  input("quality").addEventListener("change", () => change({ quality: input("quality").value }));
  input("subdivision").addEventListener("change", () => change({ subdivision: input("subdivision").checked ? "interior" : "none" }));
  input("auto").addEventListener("change", () => {
    change({ iterations: input("auto").checked ? "auto" : `${limitOf(Number(input("iterations").value))}` });
  });
  input("iterations").addEventListener("input", () => {
    element("iterations-value").textContent = limitOf(Number(input("iterations").value)).toLocaleString("en");
  });
  input("iterations").addEventListener("change", () => change({ iterations: `${limitOf(Number(input("iterations").value))}` }));
  input("import-palette").addEventListener("change", () => {
    const file = input("import-palette").files?.[0];
    input("import-palette").value = "";
    if (file) void take(file);
  });
  element("panel-button").addEventListener("click", toggle);

  function toggle() {
    const closed = !element("panel").hidden;
    element("panel").hidden = closed;
    element("panel-button").setAttribute("aria-expanded", `${!closed}`);
    if (!closed) element("panel").querySelector("input")?.focus();
    else element("panel-button").focus();
  }

  /** The palette of a file. @param {File} file */
  async function take(file) {
    try {
      const { stops, had } = await readPalette(file);
      recolour({ palette: stopsText(stops) });
      const less = had > stops.length ? ` of its ${had} colours, the ${stops.length} that matter most` : "";
      told.say(`${file.name} colours the picture${less && `:${less}`}. The link has it; Edit palette keeps it under a name.`);
    } catch (error) {
      told.say(`${file.name}: ${error instanceof Error ? error.message : error}`);
    }
  }

  const editor = new Editor(palettes, element, {
    palette: () => viewer.state.colours.palette,
    recolour: (palette) => recolour({ palette }),
    say: told.say,
  });
  show();
  return {
    show,
    toggle,
    take,
    edit() {
      if (element("panel").hidden) toggle();
      editor.toggle();
    },
  };
}

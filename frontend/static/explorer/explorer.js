// The explorer: puts the state, the picture and the controls together.

import { connectAdvice } from "./advice.js";
import { home, palettes, strays, viewer } from "./begin.js";
import { listBookmarks, addBookmark, exportBookmarks } from "./bookmarks.js";
import { showCluster } from "./cluster.js";
import { listenForFiles } from "./drop.js";
import { showGallery } from "./gallery.js";
import { History } from "./history.js";
import { keysOf, listen as listenToKeys } from "./keyboard.js";
import { minibrotOf } from "./minibrot.js";
import { Minimap } from "./minimap.js";
import { Overlay } from "./overlay.js";
import { Panel } from "./panel.js";
import { connectPeriod } from "./period.js";
import { place } from "./plane.js";
import { Hands } from "./pointer.js";
import { showCount, showReadout } from "./readout.js";
import { connectSave } from "./save.js";
import { followServers } from "./servers.js";
import { read, write } from "./state.js";

/** @param {string} id */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** How long the view must be still to be a step of its own. */
const REST = 350;

/** The timer that takes away what was said; the address may give cause to say something at once. */
let saying = 0;

let resting = 0;
viewer.listen({
  moved() {
    clearTimeout(resting);
    resting = window.setTimeout(rest, REST);
  },
  drawn() {
    showReadout(viewer, element);
    minimap.draw();
    period.look();
    advice.look();
  },
  troubled(trouble) {
    element("trouble").hidden = trouble === null;
    if (trouble !== null && element("trouble").textContent !== trouble) element("trouble").textContent = trouble;
  },
});
if (strays.length > 0) say(`The address names what cannot be used: ${strays.join(", ")}.`);
const overlay = new Overlay(viewer, /** @type {HTMLCanvasElement} */ (element("overlay")), /** @type {HTMLCanvasElement} */ (element("julia-preview")));
const trail = new History(location.search.slice(1), (query) => {
  viewer.show(read(query, palettes.canonical).state);
  panel.show();
  overlay.draw();
  steps();
});

/** The view came to rest: a step back leads here. */
function rest() {
  clearTimeout(resting);
  if (viewer.moving) {
    resting = window.setTimeout(rest, REST);
    return;
  }
  trail.rest(write(viewer.state, viewer.size));
  links();
  steps();
  showReadout(viewer, element);
  const { place } = viewer.state;
  element("live").textContent = `Centre ${element("centre-short").textContent}, zoom ${element("zoom-short").textContent}, ${place.rotation ? `turned by ${Math.round(place.rotation)} degrees` : ""}`;
}

function links() {
  const query = write(viewer.state, viewer.size);
  /** @type {HTMLAnchorElement} */ (element("to-form")).href = `/form${query ? `?${query}` : ""}`;
}

function steps() {
  /** @type {HTMLButtonElement} */ (element("undo")).disabled = !trail.canUndo;
  /** @type {HTMLButtonElement} */ (element("redo")).disabled = !trail.canRedo;
}

/** Something that is over once it is read. @param {string} text */
function say(text) {
  clearTimeout(saying);
  element("said").textContent = text;
  element("said").hidden = false;
  saying = window.setTimeout(() => {
    element("said").hidden = true;
  }, 4000);
}

/** Another state, as a step. @param {string} query */
function open(query) {
  const { state, strays } = read(query, palettes.canonical);
  if (strays.length > 0) say(`What cannot be used: ${strays.join(", ")}.`);
  viewer.show(state);
  rest();
  panel.show();
}

/** @param {string} id */
const dialog = (id) => /** @type {HTMLDialogElement} */ (element(id));
const panel = new Panel(viewer, palettes, element, {
  recoloured() {
    trail.replace(write(viewer.state, viewer.size));
    links();
  },
  changed: rest,
  say,
});
const period = connectPeriod(viewer, element);
const minimap = new Minimap(viewer, element, (there) => {
  viewer.stop();
  viewer.go(there);
});
const advice = connectAdvice(viewer, element, (iterations) => {
  viewer.show({ ...viewer.state, iterations });
  rest();
  panel.show();
});
const save = connectSave(viewer, element, () => write(viewer.state, viewer.size));

const acts = {
  undo: () => trail.undo(),
  redo: () => trail.redo(),
  home: () => {
    viewer.stop();
    viewer.go(/** @type {import("./plane.js").Place} */ (place(viewer.state.formula === "mandelbrot" ? "-0.65" : "0", "0", `${home()}`, 0)));
  },
  help: () => dialog("help").showModal(),
  panel() {
    panel.toggle();
    period.look();
  },
  edit: () => panel.edit(),
  map: () => minimap.toggle(),
  open: () => element("open-file").click(),
  save: () => save.open(),
  gallery() {
    showGallery(element("places"));
    listBookmarks(element("bookmarks"));
    dialog("gallery").showModal();
  },
  cycle() {
    viewer.cycling = viewer.cycling === 0 ? 0.05 : 0;
    element("cycle").setAttribute("aria-pressed", `${viewer.cycling !== 0}`);
    viewer.redraw();
  },
  julia() {
    if (!overlay.julia) {
      overlay.toggleJulia();
    } else {
      const query = overlay.juliaQuery();
      overlay.toggleJulia();
      open(query);
    }
    element("julia").setAttribute("aria-pressed", `${overlay.julia}`);
  },
  orbit() {
    overlay.orbit = !overlay.orbit;
    element("orbit").setAttribute("aria-pressed", `${overlay.orbit}`);
    overlay.draw();
  },
  tint() {
    viewer.tinted = !viewer.tinted;
    element("tint").setAttribute("aria-pressed", `${viewer.tinted}`);
    viewer.redraw();
  },
  async copy() {
    rest();
    try {
      await navigator.clipboard.writeText(location.href);
      say("The link to this view is copied.");
    } catch {
      say("The browser does not let the page copy; the address bar has the link.");
    }
  },
  async minibrot() {
    viewer.stop();
    say("Looking for the minibrot of this view …");
    try {
      const { re, im, zoom, period } = await minibrotOf(write(viewer.state, viewer.size), viewer.size);
      const there = place(re, im, zoom, viewer.state.place.rotation);
      if (!there) throw new Error("The minibrot is deeper than this page goes.");
      viewer.show({ ...viewer.state, place: there });
      rest();
      say(`A minibrot of period ${period.toLocaleString("en")}.`);
    } catch (error) {
      say(error instanceof Error ? error.message : `${error}`);
    }
  },
  bookmark() {
    addBookmark(element("zoom-short").textContent ?? "", write(viewer.state, viewer.size));
    say("Bookmarked: it is among the places to go.");
  },
};

const keys = keysOf(viewer, acts);
listenToKeys(keys);
new Hands(viewer, element("box"), {
  pointed() {
    showCount(viewer, element);
    period.look();
    overlay.draw();
  },
});
listenForFiles(element, { open, palette: (file) => void panel.take(file), say });

/** The buttons have the names of what they do, where no part of the page has it. */
const BUTTONS = /** @type {const} */ (["undo", "redo", "home", "save", "cycle", "julia", "orbit", "tint", "copy", "bookmark", "minibrot"]);
for (const name of BUTTONS) element(name).addEventListener("click", () => void acts[name]());
element("help-button").addEventListener("click", acts.help);
element("gallery-button").addEventListener("click", acts.gallery);
element("zoom-in").addEventListener("click", () => viewer.zoom(1));
element("zoom-out").addEventListener("click", () => viewer.zoom(-1));
element("export-bookmarks").addEventListener("click", exportBookmarks);
for (const close of document.querySelectorAll("dialog [data-close]")) {
  close.addEventListener("click", () => close.closest("dialog")?.close());
}
for (const box of document.querySelectorAll("dialog")) {
  // A click beside it closes it.
  box.addEventListener("click", (event) => {
    if (event.target === box) box.close();
  });
}
element("gallery").addEventListener("click", (event) => {
  const link = /** @type {HTMLElement} */ (event.target).closest("a");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  dialog("gallery").close();
  open(new URL(link.href).search.slice(1));
});
element("keys").replaceChildren(
  ...keys.map(({ shown, about }) => {
    const row = document.createElement("tr");
    const key = document.createElement("kbd");
    key.textContent = shown;
    row.insertCell().append(key);
    row.insertCell().textContent = about;
    return row;
  }),
);
setInterval(() => {
  showCluster(viewer, element);
  followServers(element);
}, 1000);
element("panel-button").addEventListener("click", () => {
  followServers(element);
  period.look();
});
links();
steps();
// For whoever drives the page from outside: tests, and a curious person's console.
Object.assign(window, { tilebrot: { viewer, rest, minimap, advice } });

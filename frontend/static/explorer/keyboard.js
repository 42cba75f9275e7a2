// Every key, in one table: it is what happens, and what the help lists.

/** Of a window's height that an arrow moves. */
const STEP = 0.15;

/**
 * @typedef {object} Key
 * @property {string[]} keys as `KeyboardEvent.key` has them, with `Ctrl-` and `Shift-` before
 * @property {string} shown
 * @property {string} about
 * @property {() => void} act
 */

/**
 * @param {import("./viewer.js").Viewer} viewer
 * @param {Record<"undo" | "redo" | "home" | "help" | "panel" | "save" | "gallery" | "cycle" | "julia" | "orbit" | "tint" | "copy" | "bookmark" | "minibrot" | "edit" | "map" | "open", () => void>} acts
 * @returns {Key[]}
 */
export function keysOf(viewer, acts) {
  const pan = (/** @type {number} */ x, /** @type {number} */ y) => () =>
    viewer.pan(x * STEP * viewer.size.height, y * STEP * viewer.size.height);
  return [
    { keys: ["ArrowLeft"], shown: "←", about: "Move left", act: pan(-1, 0) },
    { keys: ["ArrowRight"], shown: "→", about: "Move right", act: pan(1, 0) },
    { keys: ["ArrowUp"], shown: "↑", about: "Move up", act: pan(0, -1) },
    { keys: ["ArrowDown"], shown: "↓", about: "Move down", act: pan(0, 1) },
    { keys: ["+", "="], shown: "+", about: "Zoom in", act: () => viewer.zoom(1) },
    { keys: ["-", "_"], shown: "−", about: "Zoom out", act: () => viewer.zoom(-1) },
    { keys: ["["], shown: "[", about: "Turn left", act: () => viewer.turn(-15) },
    { keys: ["]"], shown: "]", about: "Turn right", act: () => viewer.turn(15) },
    { keys: ["Home", "0"], shown: "Home", about: "The whole set", act: acts.home },
    { keys: ["Ctrl-z"], shown: "Ctrl Z", about: "Undo", act: acts.undo },
    { keys: ["Ctrl-Shift-z", "Ctrl-y"], shown: "Ctrl Shift Z", about: "Redo", act: acts.redo },
    { keys: ["c"], shown: "C", about: "Let the colours turn, or rest", act: acts.cycle },
    { keys: ["j"], shown: "J", about: "The Julia set under the pointer", act: acts.julia },
    { keys: ["o"], shown: "O", about: "The orbit under the pointer", act: acts.orbit },
    { keys: ["t"], shown: "T", about: "Who drew each tile", act: acts.tint },
    { keys: ["p"], shown: "P", about: "Open or close the panel", act: acts.panel },
    { keys: ["g"], shown: "G", about: "Places to go", act: acts.gallery },
    { keys: ["m"], shown: "M", about: "The minibrot of this view", act: acts.minibrot },
    { keys: ["v"], shown: "V", about: "The overview: where this is", act: acts.map },
    { keys: ["e"], shown: "E", about: "Edit the palette", act: acts.edit },
    { keys: ["f"], shown: "F", about: "Open a file: a picture, a location or a palette", act: acts.open },
    { keys: ["b"], shown: "B", about: "Bookmark this place", act: acts.bookmark },
    { keys: ["l"], shown: "L", about: "Copy the link", act: acts.copy },
    { keys: ["s"], shown: "S", about: "Save a picture", act: acts.save },
    { keys: ["?"], shown: "?", about: "This list", act: acts.help },
  ];
}

/** @param {Key[]} keys */
export function listen(keys) {
  addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.altKey || document.querySelector("dialog[open]")) return;
    // What takes no text has no use for letters; all else that a control hears is its own.
    const control = target.closest("textarea, select, input");
    if (control && !(control.matches("[type=radio], [type=checkbox], [type=range]") && /^[a-z?]$/i.test(event.key))) return;
    const command = event.ctrlKey || event.metaKey;
    // Enter and the space bar are the focused control's own.
    const letter = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const name = command ? `Ctrl-${event.shiftKey ? "Shift-" : ""}${letter}` : letter;
    const key = keys.find(({ keys }) => keys.includes(name));
    if (!key) return;
    event.preventDefault();
    key.act();
  });
}

// Who draws: what the answers to this page's own requests tell of the workers.

import { tintOf } from "./tint.js";

/** @param {import("./viewer.js").Viewer} viewer @param {(id: string) => HTMLElement} element */
export function showCluster(viewer, element) {
  if (element("panel").hidden) return;
  /** @type {Map<string, { tiles: number, milliseconds: number }>} */
  const workers = new Map();
  for (const { worker, milliseconds } of viewer.tiles.all()) {
    if (!worker || worker === "this page") continue;
    const share = workers.get(worker) ?? { tiles: 0, milliseconds: 0 };
    workers.set(worker, { tiles: share.tiles + 1, milliseconds: share.milliseconds + milliseconds });
  }
  const rows = [...workers].sort(([a], [b]) => a.localeCompare(b)).map(([worker, { tiles, milliseconds }]) => {
    const row = document.createElement("tr");
    const name = document.createElement("th");
    name.scope = "row";
    const dot = document.createElement("i");
    dot.style.background = tintOf(worker);
    name.append(dot, worker);
    row.append(name);
    row.insertCell().textContent = `${tiles}`;
    row.insertCell().textContent = `${Math.round(milliseconds / tiles)} ms`;
    return row;
  });
  element("cluster-rows").replaceChildren(...rows);
  const waiting = viewer.tiles.busy;
  element("waiting").textContent = waiting === 0 ? "All tiles are here." : `${waiting} ${waiting === 1 ? "tile" : "tiles"} on the way.`;
}

// The page of one picture: listens to the report of its render and shows each part of it.
import { showProgress } from "./progress.js";
import { showWorkers } from "./workers.js";

/** @typedef {import("./progress.js").Report} Report */

/** @param {string} id */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const picture = /** @type {HTMLImageElement} */ (element("picture"));
const events = new EventSource(`/renders/${element("render").dataset.id}/events`);

events.addEventListener("report", (event) => {
  /** @type {Report} */
  const report = JSON.parse(event.data);
  showProgress(report, element);
  showWorkers(report.workers, element("workers"));
  if (["finished", "failed", "abandoned"].includes(report.state)) {
    events.close();
  }
  if (report.state === "finished") {
    // The browser has this very picture already, and need not ask for it again.
    /** @type {HTMLAnchorElement} */ (element("download")).href = picture.src;
  }
});

// A report that is gone answers 404, and the browser does not ask again; all else it tries again itself.
events.addEventListener("error", () => {
  if (events.readyState === EventSource.CLOSED) {
    element("progress").hidden = true;
    element("status").textContent = "Nothing more is told of this render: its report is gone, or the page was stopped.";
  }
});

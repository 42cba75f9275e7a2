// Saves a picture of any size, drawn anew by /render.png, and tells how far it is.

/**
 * @param {import("./viewer.js").Viewer} viewer
 * @param {(id: string) => HTMLElement} element
 * @param {() => string} query
 */
export function connectSave(viewer, element, query) {
  const input = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (element(id));
  const dialog = /** @type {HTMLDialogElement} */ (element("save-dialog"));
  const bar = /** @type {HTMLProgressElement} */ (element("save-progress"));
  const status = element("save-status");
  /** @type {AbortController | null} */
  let running = null;

  element("save-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const [width, height, samples] = ["save-width", "save-height", "save-samples"].map((id) => input(id).value);
    const id = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const fields = [query(), `width=${width}`, `height=${height}`, `samples=${samples}`, `progress=${id}`];
    running?.abort();
    running = new AbortController();
    const events = new EventSource(`/renders/${id}/events`);
    events.addEventListener("report", ({ data }) => {
      const report = JSON.parse(data);
      bar.max = Math.max(1, report.rows);
      bar.value = report.rows_done;
      if (report.state === "drawing") status.textContent = `${report.rows_done} of ${report.rows} rows`;
      if (["finished", "failed", "abandoned"].includes(report.state)) events.close();
    });
    status.textContent = "Asked for…";
    bar.hidden = false;
    try {
      const answer = await fetch(`/render.png?${fields.filter(Boolean).join("&")}`, { signal: running.signal });
      if (!answer.ok) throw new Error((await answer.json().catch(() => null))?.detail ?? `the server answers ${answer.status}`);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await answer.blob());
      link.download = `${viewer.state.formula}-${width}x${height}.png`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      status.textContent = "Saved.";
    } catch (error) {
      status.textContent = running.signal.aborted ? "Broken off." : `There is no picture: ${error instanceof Error ? error.message : error}.`;
    } finally {
      events.close();
      bar.hidden = true;
    }
  });
  dialog.addEventListener("close", () => running?.abort());

  return {
    open() {
      input("save-width").value = `${viewer.size.width * 2}`;
      input("save-height").value = `${viewer.size.height * 2}`;
      status.textContent = "";
      dialog.showModal();
    },
  };
}

// The cluster behind the page: its servers, live, as the balancer tells of them, while the panel is open.

/** @typedef {{ address: string, state: string, leaving: boolean, in_flight: number, capacity: number, capacity_known: boolean }} Server */
/** @typedef {{ name: string, queue: number, servers: Server[] }} Pool */

/** Milliseconds until a site that was there is asked again after it refused. */
const PAUSE = 5000;

/** @type {EventSource | null} */
let events = null;
/** Whether this site shows its cluster at all: it did so once. */
let isOpen = false;

/** Shows the servers as long as the panel is open, and asks for nothing while it is not. @param {(id: string) => HTMLElement} element */
export function followServers(element) {
  const wanted = !element("panel").hidden;
  if (wanted && !events) events = follow(element);
  if (!wanted && events) {
    events.close();
    events = null;
  }
}

/** @param {(id: string) => HTMLElement} element */
function follow(element) {
  const source = new EventSource("/cluster/events");
  source.addEventListener("open", () => {
    isOpen = true;
  });
  source.addEventListener("cluster", (event) => {
    element("servers").hidden = false;
    show(JSON.parse(event.data).pools, element);
  });
  source.addEventListener("trouble", (event) => {
    element("servers").hidden = false;
    element("server-rows").replaceChildren();
    element("queue").textContent = `${event.data}.`;
  });
  source.addEventListener("error", () => {
    element("servers").hidden = !isOpen;
    element("server-rows").replaceChildren();
    element("queue").textContent = "The server does not answer.";
    // Refused, as by a balancer whose frontend is gone. Else the browser asks again by itself.
    if (source.readyState === EventSource.CLOSED && isOpen) setTimeout(() => forget(source), PAUSE);
  });
  return source;
}

/** Lets the next look ask again. @param {EventSource} source */
function forget(source) {
  if (events === source) events = null;
}

/** @param {Pool[]} pools @param {(id: string) => HTMLElement} element */
function show(pools, element) {
  const rows = pools.flatMap(({ name, servers }) => servers.map((server) => row(name, server)));
  element("server-rows").replaceChildren(...rows);
  const waiting = pools.reduce((sum, pool) => sum + pool.queue, 0);
  element("queue").textContent = waiting === 0 ? "No request waits for a server." : `${waiting} ${waiting === 1 ? "request waits" : "requests wait"} for a server.`;
}

/** @param {string} pool @param {Server} server */
function row(pool, server) {
  const state = server.leaving ? "leaving" : server.state;
  const made = document.createElement("tr");
  const name = document.createElement("th");
  name.scope = "row";
  const dot = document.createElement("i");
  dot.className = `state ${state}`;
  name.append(dot, server.address);
  name.title = `of the pool ${pool}`;
  made.append(name);
  made.insertCell().textContent = state;
  made.insertCell().textContent = `${server.in_flight} of ${server.capacity_known ? server.capacity : "?"}`;
  return made;
}

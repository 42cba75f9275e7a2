// Draws what /events tells: all statistics, twice a second. Rates and sparklines are this page's own memory.

/** @typedef {{address: string, state: string, leaving: boolean, in_flight: number, capacity: number,
 *   capacity_known: boolean, requests: number, failures: number, latency_seconds: number}} Server */
/** @typedef {{unix_seconds: number, server: string, what: string}} Happened */
/** @typedef {{name: string, algorithm: string, capacity: ?number, queue: number, queue_limit: number,
 *   expected_wait_seconds: ?number, requests: number, retries: number, refused: number, servers: Server[],
 *   events: Happened[]}} Pool */

const SVG = "http://www.w3.org/2000/svg";
/** Points of a sparkline: half a minute. */
const POINTS = 60;
/** The last events that are shown, of all pools. */
const EVENTS = 50;
/** What is remembered of each pool and server between two pictures. */
const state = { at: 0, counts: new Map(), latencies: new Map(), places: new Map(), bans: new Map() };

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function drawn(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** How fast a count grows, a second; remembers it for the next time. */
function rate(key, count, now, counts) {
  const before = state.counts.get(key);
  counts.set(key, count);
  const passed = now - state.at;
  return before === undefined || passed <= 0 ? 0 : Math.max(0, count - before) / passed;
}

const number = (value) => (value >= 100 ? value.toFixed(0) : value.toFixed(1));
const seconds = (value) =>
  value === null ? "unknown" : value >= 1 ? `${value.toFixed(1)} s` : `${(value * 1000).toFixed(1)} ms`;

function figures(pool, now, counts) {
  const up = pool.servers.filter((server) => server.state === "up" && !server.leaving);
  const inFlight = pool.servers.reduce((sum, server) => sum + server.in_flight, 0);
  const shown = [
    ["servers up", `${up.length} of ${pool.servers.length}`],
    ["in flight", pool.capacity === null ? `${inFlight}` : `${inFlight} of ${pool.capacity}`],
    ["waiting", `${pool.queue} of ${pool.queue_limit}`],
    ["expected wait", seconds(pool.expected_wait_seconds)],
    ["requests/s", number(rate(`${pool.name}`, pool.requests, now, counts))],
    ["retries", `${pool.retries}`],
    ["refused", `${pool.refused}`],
  ];
  const pairs = shown.map(([name, value]) =>
    element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: value })));
  return element("dl", { className: "figures" }, ...pairs);
}

function load(server) {
  const share = Math.min(1, server.in_flight / Math.max(1, server.capacity));
  return drawn("svg", { class: "load", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    drawn("rect", { width: 100, height: 10 }), drawn("rect", { width: 100 * share, height: 10 }));
}

/** The latencies of the last half minute, against the largest of them. */
function sparkline(key, latency, latencies) {
  const points = [...(state.latencies.get(key) ?? []), latency].slice(-POINTS);
  latencies.set(key, points);
  const largest = Math.max(...points, 1e-6);
  const line = points.map((value, i) => `${(100 * i) / (POINTS - 1)},${(19 - (18 * value) / largest).toFixed(1)}`);
  return drawn("svg", { class: "spark", viewBox: "0 0 100 20", preserveAspectRatio: "none", "aria-hidden": "true" },
    drawn("polyline", { points: line.join(" ") }));
}

function row(pool, server, now, memory) {
  const word = server.leaving ? "leaving" : server.state;
  const key = `${pool.name} ${server.address}`;
  const capacity = server.capacity_known ? server.capacity : "?";
  const cells = [
    [server.address],
    [element("span", { className: `state ${word}`, textContent: word })],
    [load(server), ` ${server.in_flight} / ${capacity}`],
    [number(rate(key, server.requests, now, memory.counts))],
    [`${server.failures}`],
    [sparkline(key, server.latency_seconds, memory.latencies), ` ${seconds(server.latency_seconds)}`],
  ];
  return element("tr", {}, ...cells.map((cell) => element("td", {}, ...cell)));
}

function table(pool, now, memory) {
  const names = ["server", "state", "in flight", "requests/s", "failures", "latency"];
  const head = element("tr", {}, ...names.map((name) => element("th", { scope: "col", textContent: name })));
  const rows = pool.servers.map((server) => row(pool, server, now, memory));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
}

/** The pool's place on the page, which stays, so that it can be scrolled. */
function place(pool) {
  const known = state.places.get(pool.name);
  if (known !== undefined) return known;
  const [title, summary] = [element("h2"), element("div")];
  const scroll = element("div", { className: "scroll", tabIndex: 0 });
  const made = { title, summary, scroll, article: element("article", { className: "pool" }, title, summary, scroll) };
  state.places.set(pool.name, made);
  return made;
}

function happened(pools) {
  const all = pools.flatMap((pool) => pool.events.map((event) => ({ ...event, pool: pool.name })));
  all.sort((one, other) => other.unix_seconds - one.unix_seconds);
  return all.slice(0, EVENTS).map((event) => {
    const at = new Date(event.unix_seconds * 1000);
    const time = element("time", { dateTime: at.toISOString(), textContent: at.toLocaleTimeString() });
    const text = `${event.pool}: ${event.server} ${event.what}`;
    return element("li", {}, time, element("span", { className: event.what, textContent: text }));
  });
}

/** Ends a ban; what came of it is in the next picture. */
async function lift(client, button) {
  button.disabled = true;
  const answer = await fetch(`/bans/${client}`, { method: "DELETE" }).catch(() => null);
  if (answer !== null && (answer.ok || answer.status === 404)) return;
  button.disabled = false;
  button.textContent = answer === null ? "no answer; lift" : `${(await answer.json()).detail}; lift`;
}

/** A ban's line, which stays, so that its button can be pressed while the time runs. */
function ban(client) {
  const known = state.bans.get(client);
  if (known !== undefined) return known;
  const time = element("span");
  const button = element("button", { type: "button", textContent: "lift", ariaLabel: `lift the ban of ${client}` });
  button.onclick = () => lift(client, button);
  return { time, item: element("li", {}, element("strong", { textContent: client }), time, button) };
}

/** @param {{count: number, first: {client: string, seconds: number}[]}} bans */
function drawBans({ count, first }) {
  const lines = new Map(first.map(({ client }) => [client, ban(client)]));
  for (const { client, seconds: left } of first) lines.get(client).time.textContent = `for ${left} s`;
  const list = document.getElementById("bans");
  const items = [...lines.values()].map(({ item }) => item);
  const changed = items.length !== list.children.length || items.some((one, i) => one !== list.children[i]);
  if (changed) list.replaceChildren(...items);
  state.bans = lines;
  document.getElementById("banned").hidden = count === 0;
  const more = document.getElementById("more-bans");
  more.hidden = count === first.length;
  more.textContent = `and ${count - first.length} more, in /bans`;
}

/** @param {{pools: Pool[], bans: {count: number, first: {client: string, seconds: number}[]}, waiting_rooms: Object<string, {waiting: number, inside: number}>,
 *   reloads: {mistake: ?string}}} picture */
function draw(picture) {
  const now = performance.now() / 1000;
  const memory = { counts: new Map(), latencies: new Map() };
  const articles = picture.pools.map((pool) => {
    const { title, summary, scroll, article } = place(pool);
    title.textContent = `${pool.name} (${pool.algorithm})`;
    summary.replaceChildren(figures(pool, now, memory.counts));
    scroll.replaceChildren(table(pool, now, memory));
    return article;
  });
  Object.assign(state, { at: now, ...memory });
  const pools = document.getElementById("pools");
  const changed = articles.length !== pools.children.length || articles.some((one, i) => one !== pools.children[i]);
  if (changed) pools.replaceChildren(...articles);
  document.getElementById("events").replaceChildren(...happened(picture.pools));
  const rooms = Object.entries(picture.waiting_rooms ?? {});
  const told = rooms.map(([name, room]) => `waiting room of ${name}: ${room.waiting} waiting, ${room.inside} inside`);
  const room = document.getElementById("rooms");
  room.hidden = told.length === 0;
  room.textContent = told.join(" · ");
  drawBans(picture.bans);
  const { mistake } = picture.reloads;
  const alert = document.getElementById("mistake");
  alert.hidden = mistake === null;
  if (mistake !== null) alert.textContent = `The settings file was not taken over:\n${mistake}`;
}

const connection = document.getElementById("connection");
const source = new EventSource("/events");
source.onmessage = (message) => {
  draw(JSON.parse(message.data));
  connection.textContent = `live, ${new Date().toLocaleTimeString()}`;
};
source.onerror = () => {
  connection.textContent = "no answer; trying again …";
};

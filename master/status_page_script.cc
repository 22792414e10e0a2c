// What moves on the status page. Names of databases and users come from clients: they are only
// ever put in as text, never as HTML.
#include "master/status_page_parts.h"

namespace pgring {

const std::string_view kStatusPageScript = R"js(
"use strict";
const at = id => document.getElementById(id);
const put = (id, text) => { at(id).textContent = text; };

function make(parent, name, text, attributes) {
  const svg = parent.namespaceURI.endsWith("svg") || name === "svg";
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", name)
                   : document.createElement(name);
  for (const key in attributes || {}) node.setAttribute(key, attributes[key]);
  if (text !== undefined) node.textContent = text;
  parent.appendChild(node);
  return node;
}

function brief(value) {
  const units = ["", "k", "M", "G", "T"];
  let unit = 0;
  while (value >= 9999.5 && unit < units.length - 1) { value /= 1000; unit++; }
  return value.toFixed(value >= 100 || unit === 0 && value === Math.round(value) ? 0 : 1) + units[unit];
}
function bytes(value) { return brief(value).replace(/(?=[kMGT]|$)/, " ") + "B/s"; }
function time(us) {
  if (us < 1000) return Math.round(us) + " \u00b5s";
  if (us < 9.9995e6) return (us / 1000).toFixed(us < 1e5 ? 1 : 0) + " ms";
  return (us / 1e6).toFixed(us < 1e8 ? 1 : 0) + " s";
}
function age(us) {
  const s = Math.floor(us / 1e6), m = Math.floor(s / 60), h = Math.floor(m / 60);
  if (h >= 48) return Math.floor(h / 24) + " d " + h % 24 + " h";
  return h > 0 ? h + " h " + m % 60 + " min" : m > 0 ? m + " min " + s % 60 + " s" : s + " s";
}

// The next round number at or above the value.
function ceiling(value) {
  const power = Math.pow(10, Math.floor(Math.log10(Math.max(value, 1e-9))));
  for (const step of [1, 1.5, 2, 3, 4, 5, 6, 8, 10]) if (step * power >= value * 0.999) return step * power;
}

const kHeight = 150, kLeft = 46, kTop = 8, kBottom = 16;
const kPoints = 150;

function chart(id, step, lines, format, least) {
  const figure = at(id), caption = figure.firstElementChild;
  if (!figure.querySelector(".key")) {
    for (const line of lines) make(caption, "span", line.name, {class: "key", style: "--hue: var(--" + line.hue + ")"});
  }
  const old = figure.querySelector("svg");
  if (old) old.remove();
  // Drawn as wide as the caption above it, so that its letters keep their shape.
  const width = Math.max(caption.clientWidth, 200);
  const svg = make(figure, "svg", undefined, {class: "chart", viewBox: "0 0 " + width + " " + kHeight,
    preserveAspectRatio: "none", role: "img"});
  const top = ceiling(Math.max(least, ...lines.flatMap(line => line.values)));
  const high = kHeight - kBottom - kTop, wide = width - kLeft - 4;
  const y = value => kTop + high * (1 - value / top);
  for (const part of [0, 0.5, 1]) {
    make(svg, "line", undefined, {class: "grid", x1: kLeft, x2: width - 4, y1: y(top * part), y2: y(top * part)});
    make(svg, "text", format(top * part).replace(/\.0(?!\d)/, ""), {x: kLeft - 6, y: y(top * part) + 3, "text-anchor": "end"});
  }
  for (const minute of [4, 2, 0]) {
    make(svg, "text", minute ? "\u2212" + minute + " min" : "now", {"text-anchor": minute ? "middle" : "end",
      x: kLeft + wide * (1 - minute * 60 / step / (kPoints - 1)), y: kHeight - 3});
  }
  for (const line of lines) {
    const first = kPoints - line.values.length;
    const points = line.values.map((value, i) => (kLeft + wide * (first + i) / (kPoints - 1)).toFixed(1) + "," +
                                                  y(Math.min(value, top)).toFixed(1));
    if (points.length < 2) continue;
    if (line.filled) {
      make(svg, "polygon", undefined, {fill: "var(--" + line.hue + ")", points: points[0].split(",")[0] + "," + y(0) +
        " " + points.join(" ") + " " + (width - 4) + "," + y(0)});
    }
    make(svg, "polyline", undefined, {stroke: "var(--" + line.hue + ")", points: points.join(" ")});
  }
}

// Columns: [title, text of a row, class of a row's cell].
function table(id, columns, rows) {
  const old = at(id), fresh = old.cloneNode(false);
  const head = make(make(fresh, "thead"), "tr"), body = make(fresh, "tbody");
  for (const [title, , kind] of columns) make(head, "th", title, {scope: "col", class: kind === "text" ? "text" : ""});
  for (const row of rows) {
    const line = make(body, "tr");
    for (const [, text, kind] of columns) {
      const style = typeof kind === "function" ? kind(row) : kind || "";
      const cell = make(line, "td", style === "bar" ? undefined : text(row), {class: style});
      if (style === "bar") {
        make(cell, "i", "", {style: "--used: " + Math.min(100, 100 * (row.sv_active + row.sv_idle) / (row.size || 1)) + "%"});
        cell.append(text(row));
      }
    }
  }
  if (!rows.length) make(make(body, "tr"), "td", "none yet", {class: "text", colspan: columns.length});
  old.replaceWith(fresh);
}

function drawTables(now) {
  const last = now.pools.slice().sort((a, b) => b.rate - a.rate);
  table("pools", [
    ["Database", r => r.database, "text"], ["User", r => r.user, "text"], ["Mode", r => r.mode, "text"],
    ["Queries/s", r => brief(r.rate)],
    ["Clients", r => r.cl_active + r.cl_idle + r.cl_waiting],
    ["Waiting", r => r.cl_waiting, r => r.cl_waiting ? "warn" : ""],
    ["Longest wait", r => r.wait_us ? time(r.wait_us) : "\u2013", r => r.wait_us > 1e6 ? "warn" : ""],
    ["Connections", r => r.sv_active + r.sv_idle + " / " + (r.size || "\u221e"), r => r.size ? "bar" : ""],
    ["p50", r => time(r.p50)], ["p99", r => time(r.p99)],
    ["Errors", r => brief(r.errors)],
    ["State", r => !r.up ? "unreachable" : r.paused ? "paused" : "up", r => !r.up ? "bad" : r.paused ? "warn" : ""],
  ], last);
  table("workers", [
    ["Worker", r => r.worker, "text"], ["Pid", r => r.pid || "\u2013"], ["Up for", r => r.pid ? age(r.uptime_us) : "\u2013"],
    ["Tasks/s", r => brief(r.rate)],
    ["Pipelined", r => r.claimed ? (100 * r.pipelined / r.claimed).toFixed(0) + " %" : "\u2013"],
    ["Retried", r => brief(r.retried)],
    ["Active", r => r.active], ["Idle", r => r.idle], ["Logging in", r => r.login],
    ["Failed logins", r => brief(r.failed), r => r.failed ? "warn" : ""],
    ["Restarts", r => r.restarts, r => r.restarts ? "warn" : ""],
    ["State", r => !r.pid ? "restarting" : r.sleeping ? "asleep" : "awake", r => r.pid ? "" : "bad"],
  ], now.workers);
  table("lanes", [
    ["Lane", r => r.lane, "text"], ["Database", r => r.database, "text"], ["User", r => r.user, "text"],
    ["On the ring", r => r.depth], ["Held back", r => r.overflow, r => r.overflow ? "warn" : ""], ["Room", r => r.room],
    ["On connections", r => r.pipelined], ["Longest pipeline", r => r.longest + " / " + r.pipeline_depth],
    ["Statement at the front", r => r.service_us ? time(r.service_us) : "\u2013"],
    ["Placement", r => r.gathering ? "lines from " + r.gathering + " busy on" : "spread out"],
  ], now.lanes);
}

function draw(now) {
  const last = name => now[name].length ? now[name][now[name].length - 1] : 0;
  put("version", now.version);
  put("facts", "pid " + now.pid + " \u00b7 up " + age(now.uptime_us) + " \u00b7 " + now.workers.length + " workers");
  put("state", now.healthy ? now.ready ? "ready" : "not ready" : "unhealthy");
  at("state").className = "badge " + (now.healthy && now.ready ? "good" : "bad");
  at("reason").hidden = now.ready;
  put("reason", now.reason);
  put("c-queries", brief(last("queries")));
  put("c-xacts", brief(last("transactions")) + " transactions/s");
  put("c-p99", last("p99") ? time(last("p99")) : "\u2013");
  put("c-p50", "p50 " + time(last("p50")) + " \u00b7 p95 " + time(last("p95")));
  put("c-clients", brief(now.clients_now) + " / " + brief(now.max_clients));
  put("c-waiting", last("active") + " active \u00b7 " + last("waiting") + " waiting");
  put("c-servers", brief(now.servers_now));
  put("c-ratio", now.servers_now ? (now.clients_now / now.servers_now).toFixed(1) + " clients for each" : "none open");
  put("c-out", bytes(last("bytes_out")));
  put("c-in", "in " + bytes(last("bytes_in")) + (now.log_dropped ? " \u00b7 " + now.log_dropped + " log records lost" : ""));
  const line = (name, values, hue, filled) => ({name, values: now[values], hue, filled});
  chart("g-queries", now.step_s, [line("queries", "queries", "a", true), line("transactions", "transactions", "b")], brief, 10);
  chart("g-latency", now.step_s, [line("p50", "p50", "a", true), line("p95", "p95", "b"), line("p99", "p99", "c")], time, 100);
  chart("g-clients", now.step_s, [line("clients", "clients", "a", true), line("waiting", "waiting", "c"),
    line("connections", "servers", "d")], brief, 4);
  chart("g-parts", now.step_s, [line("in the queue", "queue_p99", "b"), line("on the server", "server_p99", "a", true)], time, 100);
  drawTables(now);
}

async function refresh() {
  try {
    const answer = await fetch("status.json", {cache: "no-store"});
    if (!answer.ok) throw new Error(answer.status);
    draw(await answer.json());
    document.body.dataset.drawn = Number(document.body.dataset.drawn || 0) + 1;
  } catch (error) {
    put("state", "no answer");
    at("state").className = "badge bad";
  }
  setTimeout(refresh, 2000);
}
refresh();
)js";

}  // namespace pgring

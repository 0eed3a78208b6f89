// The status pages beyond their HTML: a chart, new rows as they come, fresh figures, local times.
// Everything is shown without it, but for the chart.
import uPlot from '/assets/uplot.js';

const $ = (selector, root = document) => root.querySelector(selector);

// Times are served in UTC and shown in the reader's own zone.
function localTimes(root = document) {
  for (const time of root.querySelectorAll('time')) {
    const at = new Date(time.dateTime);
    time.title = at.toISOString();
    time.textContent =
      'clock' in time.dataset
        ? at.toLocaleTimeString()
        : at.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  }
}

// Fetches the page anew and exchanges the parts that are marked for it, unless a reader is in one.
let refreshing = 0;
async function refreshParts(url = location.href) {
  const mine = ++refreshing;
  const response = await fetch(url);
  if (!response.ok || mine !== refreshing) return;
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  for (const part of document.querySelectorAll('[data-refresh]')) {
    const fresh = page.getElementById(part.id);
    if (fresh === null || part.contains(document.activeElement)) continue;
    localTimes(fresh);
    if (fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
  }
}

const quietly = (work) => work.catch(() => undefined);

function keepFresh() {
  const seconds = Number(document.body.dataset.refreshSeconds);
  if (!(seconds > 0)) return;
  setInterval(() => {
    if (!document.hidden) quietly(refreshParts());
  }, seconds * 1000);
}

function searchAsTyped() {
  const field = $('[data-search]');
  if (field === null) return;
  let timer;
  field.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const url = new URL(location.href);
      url.searchParams.set('q', field.value);
      history.replaceState(null, '', url);
      quietly(refreshParts(url));
    }, 150);
  });
}

// ---- the chart ----

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
function sizeText(bytes) {
  if (bytes == null) return '–';
  let power = 0;
  while (bytes >= 1024 && power < units.length - 1) {
    bytes /= 1024;
    power += 1;
  }
  return `${bytes.toFixed(power === 0 || bytes >= 100 ? 0 : 1)} ${units[power]}`;
}

// Round figures in binary units, for the axis.
const sizeSteps = Array.from({ length: 44 }, (_, power) => 2 ** power);

let plot;
let shown;
function draw() {
  const box = $('#chart');
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour('--quiet'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line'), width: 1 },
  };
  const line = (label, name) => ({
    label,
    stroke: colour(name),
    fill: `${colour(name)}22`,
    width: 2,
    points: { show: shown.points.length < 2 },
    value: (_, bytes) => sizeText(bytes),
  });
  plot?.destroy();
  plot = new uPlot(
    {
      width: box.clientWidth,
      height: 260,
      cursor: { y: false },
      scales: { y: { range: (_, __, max) => [0, Math.max(max * 1.1, 1024)] } },
      axes: [
        axis,
        {
          ...axis,
          size: 76,
          incrs: sizeSteps,
          values: (_, values) => values.map(sizeText),
        },
      ],
      series: [{}, line('To clients', '--clients'), line('From upstreams', '--upstream')],
    },
    [
      shown.points.map(({ at }) => at),
      shown.points.map(({ sentBytes }) => sentBytes),
      shown.points.map(({ upstreamBytes }) => upstreamBytes),
    ],
    box,
  );
}

async function showRange(range) {
  const response = await fetch(`/api/history?range=${range}`);
  if (!response.ok) return;
  shown = await response.json();
  const { sentBytes, savedBytes, upstreamBytes } = shown.total;
  const figures = `${sizeText(sentBytes)} to clients, ${sizeText(upstreamBytes)} from upstreams`;
  $('#chart-note').textContent = `Per ${shown.step}: ${figures}, ${sizeText(savedBytes)} saved.`;
  draw();
}

function chart() {
  const box = $('#chart');
  if (box === null) return;
  const buttons = [...document.querySelectorAll('[data-range]')];
  for (const button of buttons) {
    button.addEventListener('click', () => {
      for (const other of buttons) other.setAttribute('aria-pressed', String(other === button));
      quietly(showRange(button.dataset.range));
    });
  }
  const chosen = () => buttons.find((button) => button.getAttribute('aria-pressed') === 'true');
  quietly(showRange(chosen().dataset.range));
  setInterval(() => {
    if (!document.hidden) quietly(showRange(chosen().dataset.range));
  }, 30_000);
  new ResizeObserver(() => plot?.setSize({ width: box.clientWidth, height: 260 })).observe(box);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => shown && draw());
}

// ---- live ----

const maxRows = 100;
const columns = ['Time', 'Client', 'What', 'Mirror', 'Cache', 'Status', 'Sent', 'Took'];

function badge(tone, text) {
  const span = document.createElement('span');
  span.className = `badge ${tone}`;
  span.textContent = text;
  return span;
}

function strong(text) {
  const element = document.createElement('strong');
  element.textContent = text;
  return element;
}

function clock(at) {
  const time = document.createElement('time');
  time.dateTime = at;
  time.dataset.clock = '';
  return time;
}

function pullRow(pull) {
  const cells = [
    clock(pull.at),
    pull.client,
    strong(pull.what),
    pull.mirror,
    badge(pull.cacheTone, pull.cache),
    badge(pull.statusTone, pull.status),
    pull.size,
    pull.took,
  ];
  const row = document.createElement('tr');
  row.className = 'fresh';
  cells.forEach((cell, index) => {
    const td = document.createElement('td');
    td.dataset.title = columns[index];
    if (index >= 6) td.className = 'figure';
    td.append(cell);
    row.append(td);
  });
  localTimes(row);
  return row;
}

function live() {
  const state = $('#live-state');
  if (state === null) return;
  const pause = $('#live-pause');
  const isPaused = () => pause.getAttribute('aria-pressed') === 'true';
  pause.addEventListener('click', () => pause.setAttribute('aria-pressed', String(!isPaused())));
  let failing;
  const events = new EventSource('/events');
  events.onopen = () => {
    state.textContent = 'live';
    state.className = 'badge good';
  };
  events.onerror = () => {
    state.textContent = 'connecting again';
    state.className = 'badge warning';
  };
  events.onmessage = ({ data }) => {
    if (isPaused()) return;
    const pull = JSON.parse(data);
    const body = $('#pulls tbody');
    if (body === null || pull.statusTone === 'bad') {
      clearTimeout(failing);
      failing = setTimeout(() => quietly(refreshParts()), 200);
    }
    if (body === null) return;
    body.prepend(pullRow(pull));
    while (body.rows.length > maxRows) body.rows[body.rows.length - 1].remove();
  };
}

localTimes();
keepFresh();
searchAsTyped();
chart();
live();

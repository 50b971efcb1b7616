// Keeps the page fresh. Everything works without it: the page is complete as served and reloads itself then.
const everyMs = 3000;
const stillMs = 20000;
const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
const local = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'short',
});
let etag = '';
let goodAt = performance.now();

showLocalTimes();
setTimeout(poll, everyMs);

// Beside UTC, the same moment in the reader's zone.
function showLocalTimes() {
  if (zone === 'UTC' || zone === 'Etc/UTC') return;
  for (const time of document.querySelectorAll('time:not([data-local])')) {
    time.dataset.local = '';
    time.append(` (${local.format(new Date(time.dateTime))})`);
  }
}

async function poll() {
  try {
    if (!document.hidden) await refresh();
    if (!document.hidden) goodAt = performance.now();
    trouble('');
  } catch {
    if (performance.now() - goodAt > stillMs) trouble('logcanary does not answer. What you see is old.');
  } finally {
    setTimeout(poll, everyMs);
  }
}

async function refresh() {
  // The browser sends If-None-Match by itself; an unchanged page comes from its cache with the same ETag.
  const answer = await fetch(location.pathname, { cache: 'no-cache', signal: AbortSignal.timeout(10000) });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  const fresh = answer.headers.get('ETag') ?? '';
  const html = await answer.text();
  if (fresh !== '' && fresh === etag) return;
  // Somebody is copying text: leave it alone until they are done.
  if (!getSelection().isCollapsed) return;
  etag = fresh;
  swap(new DOMParser().parseFromString(html, 'text/html'));
}

function swap(next) {
  const main = document.getElementById('content');
  const nextMain = next.getElementById('content');
  if (nextMain === null) throw new Error('not our page');
  const unfolded = new Map([...main.querySelectorAll('details[id]')].map((one) => [one.id, one.open]));
  for (const one of nextMain.querySelectorAll('details[id]')) one.open = unfolded.get(one.id) ?? one.open;
  const focused = main.contains(document.activeElement) ? focusPath(document.activeElement) : '';
  const spoken = document.getElementById('verdict').textContent;
  main.replaceChildren(...nextMain.childNodes);
  if (focused !== '') main.querySelector(focused)?.focus({ preventScroll: true });
  document.querySelector('.asof').replaceWith(next.querySelector('.asof'));
  document.title = next.title;
  const icon = document.querySelector('link[rel=icon]');
  const nextIcon = next.querySelector('link[rel=icon]').getAttribute('href');
  if (icon.getAttribute('href') !== nextIcon) icon.setAttribute('href', nextIcon);
  showLocalTimes();
  announce(spoken);
}

function focusPath(element) {
  const holder = element.closest('[id]');
  const path = `#${CSS.escape(holder.id)}`;
  return holder === element ? path : `${path} ${element.localName}`;
}

// Says the verdict to screen readers only when its words have changed.
function announce(before) {
  const now = document.getElementById('verdict').textContent;
  if (now !== before) document.getElementById('spoken').textContent = now;
}

function trouble(text) {
  const place = document.getElementById('trouble');
  if (place.textContent !== text) place.textContent = text;
  place.hidden = text === '';
}

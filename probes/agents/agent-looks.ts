/** First things to look at that are the same for whatever runs many times: its log, its pods, the way to its port. */

/** What `see` asks of the log of all of them. */
export function logs<See extends string>(see: See) {
  return { run: "{kubectl} logs -l '{selector}' --since=15m --tail=20 --prefix", see } as const;
}

/** Where lines may have stopped at them. */
export const atAgents = [
  logs('Errors of its output?'),
  { run: "{kubectl} get pods -l '{selector}' -o wide", see: 'Is one not running, or restarting?' },
] as const;

/** We cannot ask them. `page`: what answers at their address. */
export function wayToThem(page = '') {
  return [
    { run: "{kubectl} get pods -l '{selector}' -o wide", see: 'Are they ready, and may we reach their port {port}?' },
    { run: `curl -sv -m 10 '{url}${page}'`, see: 'Do we reach its port?' },
  ] as const;
}

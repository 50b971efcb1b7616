import type { HopState } from '../core/status.ts';

interface StateShape {
  /** Colour on both light and dark browser tabs. */
  readonly colour: string;
  /** In a box of 16 by 16; `currentColor` is the state's colour. */
  readonly svg: string;
}

const mark = 'fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round"';
const outline = 'fill="none" stroke="currentColor" stroke-width="2"';

/** A shape for each state: what is broken must not be told by colour alone. */
export const stateShapes: Readonly<Record<HopState, StateShape>> = {
  flowing: {
    colour: '#1a7f4b',
    svg: `<circle cx="8" cy="8" r="7" fill="currentColor"/><path d="M5 8.2l2.2 2.3L11.2 6" ${mark}/>`,
  },
  slow: {
    colour: '#b26a00',
    svg: `<path d="M8 1l7.4 13.5H.6z" fill="currentColor"/><path d="M8 6v4M8 12.4v.2" ${mark}/>`,
  },
  lossy: {
    colour: '#c4351c',
    svg: `<path d="M8 .6L15.4 8 8 15.4.6 8z" fill="currentColor"/><path d="M5.5 8h.1M8 8h.1M10.6 8h.1" ${mark}/>`,
  },
  stopped: {
    colour: '#c4351c',
    svg: `<path d="M5 1h6l4 4v6l-4 4H5l-4-4V5z" fill="currentColor"/><path d="M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8" ${mark}/>`,
  },
  unreadable: {
    colour: '#7a4fb5',
    svg: `<rect x="1.2" y="1.2" width="13.6" height="13.6" rx="2" fill="currentColor"/><path d="M5.8 6a2.2 2.2 0 1 1 3 2.1c-.6.3-.8.6-.8 1.2M8 11.8v.1" ${mark}/>`,
  },
  blind: { colour: '#7a4fb5', svg: `<circle cx="8" cy="8" r="6" ${outline}/><path d="M3.8 12.2l8.4-8.4" ${outline}/>` },
  unproven: { colour: '#6b7280', svg: `<circle cx="8" cy="8" r="6" ${outline} stroke-dasharray="3 2.3"/>` },
  off: { colour: '#6b7280', svg: `<path d="M3 8h10" ${outline} stroke-linecap="round"/>` },
  unknown: { colour: '#6b7280', svg: `<circle cx="8" cy="8" r="6" ${outline}/>` },
};

/** The tab's picture for a state. */
export function faviconSvg(state: HopState): string {
  const { colour, svg } = stateShapes[state];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" color="${colour}">${svg}</svg>`;
}

import { readFileSync } from 'node:fs';
import { Eta } from 'eta';
import { Router } from 'express';
import { hopStates, type StatusView } from '../core/status.ts';
import type { Build } from '../telemetry/series.ts';
import { allowOnly } from './http-error.ts';
import { type PageModel, pageModel } from './page-model.ts';
import { verdictBars, verdictsToShow } from './page-strip.ts';
import { faviconSvg, stateShapes } from './state-shape.ts';

/** The page and the few files it needs; all ours, none from elsewhere. */
export function pageRoutes(options: { status(): StatusView; readonly build: Build }): Router {
  const render = createPageRenderer(options.build);
  const router = Router();
  router.get('/', (_request, response) => {
    response.type('html').send(render(pageModel(options.status())));
  });
  router.all('/', allowOnly('GET, HEAD'));
  serveText(router, '/page.css', 'css', ['page.css', 'page-hops.css', 'page-rest.css'].map(asset).join('\n'));
  serveText(router, '/page.js', 'js', asset('page-poll.js'));
  for (const state of hopStates) serveText(router, `/favicon-${state}.svg`, 'svg', faviconSvg(state));
  return router;
}

/** HTML from a model. Eta escapes whatever is placed with `<%=`: names come from logs and are hostile. */
export function createPageRenderer(build: Build): (model: PageModel) => string {
  const eta = new Eta({ autoEscape: true, cache: true });
  for (const part of ['symbols', 'time', 'hop', 'strip', 'runway', 'incident', 'quiet', 'own']) {
    eta.loadTemplate(`@${part}`, asset(`page-${part}.eta`).trim());
  }
  eta.loadTemplate('@page', asset('page.eta'));
  const symbols = hopStates.map((state) => ({ state, svg: stateShapes[state].svg }));
  const legend = verdictsToShow.filter((verdict) => verdictBars[verdict].length > 0);
  return (model) => eta.render('@page', { ...model, build, symbols, bars: verdictBars, legend });
}

function serveText(router: Router, path: string, type: string, text: string): void {
  router.get(path, (_request, response) => {
    response.type(type).send(text);
  });
  router.all(path, allowOnly('GET, HEAD'));
}

/** Read once, when the server is made. */
function asset(name: string): string {
  return readFileSync(new URL(`./page/${name}`, import.meta.url), 'utf8');
}

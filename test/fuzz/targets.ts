import { agentTargets } from './agent-answers.ts';
import { configTargets } from './config-text.ts';
import { cursorTargets } from './cursors.ts';
import { elasticTargets } from './elastic-answers.ts';
import { hookTargets } from './hook-bodies.ts';
import { httpTargets } from './http-requests.ts';
import { ledgerFileTargets } from './ledger-files.ts';
import { ledgerRowTargets } from './ledger-rows.ts';
import { notifierTargets } from './notifier-answers.ts';
import { recordTargets } from './records.ts';
import type { FuzzTarget } from './target.ts';
import { tokenTargets } from './tokens.ts';

/** Everything that takes input from outside. */
export const targets: readonly FuzzTarget[] = [
  ...tokenTargets,
  ...recordTargets,
  ...configTargets,
  ...httpTargets,
  ...hookTargets,
  ...cursorTargets,
  ...elasticTargets,
  ...agentTargets,
  ...notifierTargets,
  ...ledgerRowTargets,
  ...ledgerFileTargets,
];

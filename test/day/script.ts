/** A bad day of two tenants: what befalls them and us, and beside it what the people on call want to hear. Times are UTC. */
import { afternoon } from './afternoon.ts';
import type { Trouble } from './day.ts';
import { evening } from './evening.ts';
import { morning } from './morning.ts';
import { night } from './night.ts';
import { noon } from './noon.ts';

export const script: readonly Trouble[] = [...night, ...morning, ...afternoon, ...evening, ...noon];

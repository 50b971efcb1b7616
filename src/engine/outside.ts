/** What people and other logcanaries have us take in: windows, notes, drills, reports. */
import { noteDrill } from './drilling.ts';
import type { Event } from './event.ts';
import { endMaintenance, setMaintenance } from './maintaining.ts';
import { addNote } from './noting.ts';
import { onPeerHeard, onPeerMissed } from './peer-news.ts';
import { endSilence, setSilence } from './silencing.ts';
import type { EngineState } from './state.ts';

type OutsideEvent = Extract<
  Event,
  { type: 'maintain' | 'maintained' | 'silence' | 'silence-ended' | 'noted' | 'peer-heard' | 'peer-missed' | 'drilled' }
>;

export function onOutside(state: EngineState, event: OutsideEvent): void {
  switch (event.type) {
    case 'maintain':
      event.told(setMaintenance(state, event.wanted));
      return;
    case 'maintained':
      event.told(endMaintenance(state, event.id));
      return;
    case 'silence':
      event.told(setSilence(state, event.wanted));
      return;
    case 'silence-ended':
      event.told(endSilence(state, event.id));
      return;
    case 'noted':
      event.told(addNote(state, event.incident, event.note));
      return;
    case 'peer-heard':
      onPeerHeard(state, event.name, event.report);
      return;
    case 'peer-missed':
      onPeerMissed(state, event.name, event.why);
      return;
    case 'drilled':
      noteDrill(state, event.drill);
      return;
  }
}

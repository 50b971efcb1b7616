/** What is to befall the watchdog itself is put on its calendar before it starts. */
import { type Arming, ledgerFaults } from './commit-fate.ts';
import type { Watchdog } from './watchdog.ts';
import type { Spell } from './weather.ts';

export function prepare(host: Watchdog, spell: Spell): void {
  const { queue } = host;
  const { kind, at, forMs } = spell;
  host.refilling?.cluster.prepare(spell);
  if (ledgerFaults.some((fault) => fault === kind)) queue.push(at, () => host.commitJoined());
  else if (kind === 'suspended') queue.push(at, () => host.suspension.begin(forMs));
  else if (kind === 'maintenance') queue.push(at, () => host.maintenance.announce(spell));
  else if (kind === 'crash') queue.push(at, () => host.crash(forMs));
  else if (kind.startsWith('crash-')) {
    queue.push(at, () => {
      host.commitJoined();
      host.armed = { kind: kind as Arming, downMs: forMs };
    });
  }
}

import kinesis from '../../probes/kinesis.ts';
import { silentLog } from '../../src/lib/log.ts';
import { emulatorRegion, startKinesisEmulator } from '../../src/sandbox/kinesis-emulator.ts';
import { describeInjector, describeObserver } from '../contract/probe.ts';
import { putRecords, recordsIn } from '../fakes/kinesis-stream.ts';

const secret = 'wJalrXUtnFEMI-not-a-real-key';
const key = { access_key_id: 'AKIADUMMY', secret_access_key: secret, session_token: 'FwoGZXIvYXdzEJr-dummy' };
const secrets = [secret, key.session_token];
const config = (endpoint: string) => ({ stream: 'logs', region: emulatorRegion, endpoint, ...key });

describeObserver('kinesis follow', {
  probe: kinesis,
  secrets,
  hostile: (url) => ({ ...config(url), read: 'follow' }),
  async bench() {
    const emulator = await startKinesisEmulator({ streams: [{ name: 'logs', shards: 3 }], log: silentLog });
    return {
      config: { ...config(emulator.endpoint), read: 'follow' },
      put: (texts) =>
        putRecords(
          emulator.endpoint,
          'logs',
          texts.map((text) => Buffer.from(`${text}\n`)),
        ),
      stop: emulator.stop,
    };
  },
});

describeInjector('kinesis', {
  probe: kinesis,
  secrets,
  hostile: config,
  async bench() {
    const emulator = await startKinesisEmulator({ streams: [{ name: 'logs', shards: 2 }], log: silentLog });
    return {
      config: config(emulator.endpoint),
      arrived: async () => (await recordsIn(emulator.endpoint, 'logs')).map(String).join('\n'),
      stop: emulator.stop,
    };
  },
});

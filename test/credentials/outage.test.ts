// An hour in which a program gives nothing, in simulated time, with a restart in the middle from what was kept.
import t from 'tap';
import { loadConfig } from '../../src/config/load.ts';
import { type Catalog, openCatalog } from '../../src/credentials/catalog.ts';
import { type ExecAnswer, failed } from '../../src/credentials/exec-answer.ts';
import { openExecLogins } from '../../src/credentials/exec-logins.ts';
import { decodeKept, encodeKept } from '../../src/credentials/kept.ts';
import { patternOf } from '../core/given.ts';
import { manualTime } from '../sync/manual-time.ts';
import { memoryFiles } from './memory-files.ts';

const MINUTE = 60_000;
const REFRESH = 15 * MINUTE;
const YAML = 'credentials: [{ name: acme, match: [r.acme.io/team/], source: { credentialHelper: acme } }]';

type Time = ReturnType<typeof manualTime>;

/** A replica that is elected, put together as `serve` does. @param texts what another one kept */
function openReplica(time: Time, answer: () => ExecAnswer, texts: ReadonlyMap<string, string>) {
  const loaded = loadConfig(YAML, '/etc/pullpass.yaml');
  const configured = 'config' in loaded ? loaded.config.credentials : [];
  let catalog: Catalog | undefined;
  let asked = 0;
  const feed = openCatalog({
    ...{ configured, dockerConfigs: [], requireNamespaces: false, files: memoryFiles() },
    ...{ now: time.now, later: time.later },
    onChange(next) {
      catalog = next;
    },
  });
  feed.keep(decodeKept(texts).kept);
  const programs = openExecLogins({
    programOf: () => async () => {
      asked++;
      return answer();
    },
    askedWith: () => 'digest',
    known: (name, pattern) => catalog?.kept.get(name)?.logins.get(pattern),
    onReading: feed.answer,
    onFailure: () => undefined,
    random: () => 0.5,
    ...{ now: time.now, later: time.later },
  });
  programs.configure(configured);
  return {
    password: () => catalog?.logins('acme', patternOf('r.acme.io/team/'))?.password,
    kept: () => encodeKept(catalog?.kept ?? new Map()),
    asked: () => asked,
    async start() {
      await feed.ready;
      await time.pass(1);
      programs.start();
      await time.pass(1);
    },
    async stop() {
      await programs.stop();
      feed.close();
    },
  };
}

t.test('for an hour and across a restart nothing changes, and then the new login is out in time', async (t) => {
  const time = manualTime();
  let away = false;
  let password = 'fake-old';
  const answer = (): ExecAnswer => {
    const login = { username: 'u', password };
    const entries = [{ pattern: patternOf('r.acme.io'), login }];
    return away ? failed('timeout', 'it gave no answer') : { ok: true, entries, holdsMs: undefined, problems: [] };
  };
  let replica = openReplica(time, answer, new Map());
  await replica.start();
  await time.pass(REFRESH);
  t.equal(replica.password(), 'fake-old');
  const kept = replica.kept();
  away = true;
  password = 'fake-new';
  for (let minute = 0; minute < 60; minute++) {
    if (minute === 30) {
      t.ok(replica.asked() > 5, 'it went on asking');
      await replica.stop();
      replica = openReplica(time, answer, replica.kept());
      await replica.start();
    }
    t.equal(replica.password(), 'fake-old', `minute ${minute}`);
    t.same([...replica.kept()], [...kept], 'and is kept as it was, byte for byte');
    await time.pass(MINUTE);
  }
  t.ok(replica.asked() > 5, 'so did the next one');
  away = false;
  await time.pass(REFRESH);
  t.equal(replica.password(), 'fake-new');
  await replica.stop();
  t.equal(time.waiting(), 0, 'nobody waits any more');
});

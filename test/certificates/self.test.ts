// Replicas that share a CA, in simulated time: whatever happens to the Secret and to one of them, the API server trusts what
// every replica shows, as long as that has not expired.
import t from 'tap';
import { decodeAuthorities } from '../../src/certificates/authorities.ts';
import { certificatesIn, editBundle, isTrusted } from '../../src/certificates/bundle.ts';
import { makeCa } from '../../src/certificates/issue.ts';
import { keepSelfSigned, type StoredAuthorities } from '../../src/certificates/self.ts';
import type { CertificateKeeper } from '../../src/certificates/serving-certificate.ts';

const START = Date.UTC(2030, 0, 1);
const SECOND = 1_000;
const lives = { caMs: 180 * SECOND, leafMs: 40 * SECOND };

interface Cluster {
  now: number;
  bundle: string;
  secret: StoredAuthorities | 'absent';
  /** The Secret cannot be read or written. */
  away: boolean;
}

interface Replica {
  readonly keeper: CertificateKeeper;
  readonly problems: (string | undefined)[];
  /** Its watches do not deliver, and it takes no turn. */
  frozen: boolean;
  /** What its watches told last. */
  seen: { secret: StoredAuthorities | 'absent'; bundle: string };
  turn(): Promise<void>;
}

const newCluster = (): Cluster => ({ now: START, bundle: '', secret: 'absent', away: false });
let versions = 0;

function stored(texts: ReadonlyMap<string, string>, annotations: Record<string, string> = {}): StoredAuthorities {
  versions += 1;
  return { uid: 'u', resourceVersion: `${versions}`, ours: true, annotations, texts };
}

function newReplica(cluster: Cluster): Replica {
  let idle = (): void => undefined;
  const keeper = keepSelfSigned({
    ...lives,
    store: {
      latest: () => replica.seen.secret,
      read: async () => (cluster.away ? undefined : cluster.secret),
      async write(texts, seen) {
        if (cluster.away || cluster.secret !== (seen ?? 'absent')) return { failed: 'conflict' };
        const written = stored(texts);
        cluster.secret = written;
        replica.seen.secret = written;
        return { written };
      },
    },
    dnsNames: ['pullpass.pullpass-system.svc'],
    bundles: () => [replica.seen.bundle],
    use: () => undefined,
    onWanted: () => undefined,
    onFault: (error) => t.fail(`a fault: ${error}`),
    onProblem: (problem) => replica.problems.push(problem),
    onStep: () => undefined,
    onAuthority: () => undefined,
    now: () => cluster.now,
    later(_, callback) {
      idle();
      void callback;
      return () => undefined;
    },
  });
  const replica: Replica = {
    keeper,
    problems: [],
    frozen: false,
    seen: { secret: cluster.secret, bundle: cluster.bundle },
    turn: () =>
      new Promise((resolve) => {
        idle = resolve;
        keeper.nudge();
      }),
  };
  return replica;
}

/** One second: watches deliver, replicas take their turn and publish, and everything that is shown is looked at. */
async function step(t: Tap.Test, cluster: Cluster, replicas: readonly Replica[]): Promise<void> {
  cluster.now += SECOND;
  for (const replica of replicas) {
    if (replica.frozen) continue;
    replica.seen = { secret: cluster.secret, bundle: cluster.bundle };
    await replica.turn();
    const edit = replica.keeper.wanted();
    if (edit !== undefined && !cluster.away) cluster.bundle = editBundle(cluster.bundle, edit, cluster.now);
    untrusted(t, cluster, replicas);
  }
}

function untrusted(t: Tap.Test, cluster: Cluster, replicas: readonly Replica[]): void {
  for (const { keeper } of replicas) {
    const shown = keeper.inUse();
    if (shown === undefined || shown.expires <= cluster.now) continue;
    if (!trusts(cluster, shown.cert)) t.fail(`not trusted at ${cluster.now - START}`);
  }
}

let judged = { key: '', shown: new Map<string, boolean>() };

/** Decided once for each bundle and certificate; that neither has expired is seen to by the caller and by the CA's longer life. */
function trusts({ bundle, now }: Cluster, cert: string): boolean {
  if (judged.key !== bundle) judged = { key: bundle, shown: new Map() };
  const known = judged.shown.get(cert) ?? isTrusted(cert, bundle, now);
  judged.shown.set(cert, known);
  return known;
}

declare namespace Tap {
  type Test = Pick<typeof t, 'fail'>;
}

function currentCa({ secret }: Cluster): string {
  if (secret === 'absent') return '';
  const decoded = decodeAuthorities(secret.texts);
  return 'authorities' in decoded ? decoded.authorities.current.cert : '';
}

t.test('one CA for all, whoever comes first', async (t) => {
  const cluster = newCluster();
  const replicas = [newReplica(cluster), newReplica(cluster), newReplica(cluster)];
  await Promise.all(replicas.map((replica) => replica.turn()));
  await step(t, cluster, replicas);
  t.equal(certificatesIn(cluster.bundle).length, 1);
  for (const { keeper } of replicas) t.ok(isTrusted(keeper.inUse()?.cert ?? '', cluster.bundle, cluster.now));
});

t.test('several lives of a CA, one replica frozen again and again: always trusted, the old ones leave', async (t) => {
  const cluster = newCluster();
  const replicas = [newReplica(cluster), newReplica(cluster), newReplica(cluster)];
  const seen = new Set<string>();
  let most = 0;
  let woken = 0;
  for (let second = 0; second < 400; second++) {
    const [, , last] = replicas;
    if (last && second > 30) {
      const frozen = second % 200 < 130;
      if (last.frozen && !frozen) {
        // It was out of the endpoints; what it shows has expired or is still trusted, and one turn makes it good.
        last.frozen = false;
        await last.turn();
        t.ok((last.keeper.inUse()?.expires ?? 0) > cluster.now, 'a new certificate at once');
        t.ok(isTrusted(last.keeper.inUse()?.cert ?? '', cluster.bundle, cluster.now), 'which is trusted');
        woken += 1;
      }
      last.frozen = frozen;
    }
    await step(t, cluster, replicas);
    seen.add(currentCa(cluster));
    most = Math.max(most, certificatesIn(cluster.bundle).length);
  }
  t.ok(seen.size >= 3, `${seen.size} CAs`);
  t.ok(woken >= 1);
  t.ok(most <= 3, `${most} in the bundle at most`);
  for (let second = 0; second < 60; second++) await step(t, cluster, replicas);
  t.ok(certificatesIn(cluster.bundle).length <= 2, 'the old ones are gone');
});

t.test('asked for, it happens at once', async (t) => {
  const cluster = newCluster();
  const replicas = [newReplica(cluster), newReplica(cluster)];
  for (let second = 0; second < 3; second++) await step(t, cluster, replicas);
  const before = currentCa(cluster);
  if (cluster.secret !== 'absent') cluster.secret = stored(cluster.secret.texts, { 'pullpass.dev/rotate-ca': 'now' });
  for (let second = 0; second < 10; second++) await step(t, cluster, replicas);
  t.not(currentCa(cluster), before);
  t.equal(certificatesIn(cluster.bundle).length, 2, 'both for now');
  for (let second = 0; second < 70; second++) await step(t, cluster, replicas);
  t.notMatch(cluster.bundle, before.trim(), 'the old one is gone');
});

t.test('deleted or damaged, the Secret is written again with the same CA', async (t) => {
  const cluster = newCluster();
  const replicas = [newReplica(cluster), newReplica(cluster)];
  for (let second = 0; second < 3; second++) await step(t, cluster, replicas);
  const before = currentCa(cluster);
  cluster.secret = 'absent';
  await step(t, cluster, replicas);
  t.equal(currentCa(cluster), before);
  cluster.secret = stored(new Map([['ca.crt', 'x']]));
  await step(t, cluster, replicas);
  t.equal(currentCa(cluster), before);
});

t.test('damaged while nobody was there: a new CA, and the problem is said', async (t) => {
  const cluster = newCluster();
  cluster.secret = stored(new Map([['ca.crt', 'x']]));
  const replica = newReplica(cluster);
  await step(t, cluster, [replica]);
  await step(t, cluster, [replica]);
  t.ok(isTrusted(replica.keeper.inUse()?.cert ?? '', cluster.bundle, cluster.now));
  t.match(replica.problems[0], 'damaged');
});

t.test('another one is put there while replicas run: the old CA stays trusted until they have changed', async (t) => {
  const cluster = newCluster();
  const replicas = [newReplica(cluster), newReplica(cluster)];
  for (let second = 0; second < 3; second++) await step(t, cluster, replicas);
  const { cert, key } = await makeCa(cluster.now, lives.caMs);
  cluster.secret = stored(
    new Map([
      ['ca.crt', cert],
      ['ca.key', key],
    ]),
  );
  for (let second = 0; second < 10; second++) await step(t, cluster, replicas);
  for (const { keeper } of replicas) t.ok(isTrusted(keeper.inUse()?.cert ?? '', cert, cluster.now), 'signed by it');
});

t.test('a Secret of that name that is not ours is left as it is, and said', async (t) => {
  const cluster = newCluster();
  const foreign = { ...stored(new Map([['password', 'x']])), ours: false };
  cluster.secret = foreign;
  const replica = newReplica(cluster);
  await step(t, cluster, [replica]);
  t.equal(cluster.secret, foreign);
  t.equal(replica.keeper.inUse(), undefined);
  t.match(replica.problems[0], 'not ours');
});

t.test(
  'the Secret cannot be read for long: the certificate is renewed all the same, shortly before it ends',
  async (t) => {
    const cluster = newCluster();
    const replica = newReplica(cluster);
    for (let second = 0; second < 3; second++) await step(t, cluster, [replica]);
    const first = replica.keeper.inUse();
    cluster.away = true;
    for (let second = 0; second < 25; second++) await step(t, cluster, [replica]);
    t.equal(replica.keeper.inUse(), first, 'not before it must be');
    for (let second = 0; second < 80; second++) await step(t, cluster, [replica]);
    t.ok((replica.keeper.inUse()?.expires ?? 0) > cluster.now, 'it lives on');
  },
);

t.test('what slept past the end signs nothing that it did not read anew', async (t) => {
  const cluster = newCluster();
  const replica = newReplica(cluster);
  for (let second = 0; second < 3; second++) await step(t, cluster, [replica]);
  const before = replica.keeper.inUse();
  cluster.now += 3_600 * SECOND;
  cluster.away = true;
  await step(t, cluster, [replica]);
  t.equal(replica.keeper.inUse(), before);
  cluster.away = false;
  for (let second = 0; second < 10; second++) await step(t, cluster, [replica]);
  t.ok((replica.keeper.inUse()?.expires ?? 0) > cluster.now);
});

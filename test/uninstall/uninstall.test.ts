// What `pullpass uninstall` does and says, without a cluster; that it works with the rights of the chart is seen in
// chart/uninstall.test.ts.
import t from 'tap';
import {
  type Failed,
  type LeftPullSecret,
  type OwnDeleted,
  type UninstallPorts,
  uninstall,
} from '../../src/uninstall/uninstall.ts';

const NOTHING: OwnDeleted = { deleted: [], foreign: [] };
const OWN: OwnDeleted = {
  deleted: ['the Secret pullpass-logins', 'the Secret pullpass-ca', 'the Lease pullpass'],
  foreign: [],
};
const AWAY: Failed = { failed: 'the API server is away' };

function secrets(count: number): readonly LeftPullSecret[] {
  return Array.from({ length: count }, (_, i) => ({
    namespace: `n${i}`,
    name: 'pull',
    seen: { uid: `uid-${i}`, resourceVersion: '7' },
  }));
}

interface Given {
  /** At each look; the last one stays. */
  readonly replicas?: readonly (number | Failed)[];
  readonly left?: readonly (readonly LeftPullSecret[] | Failed)[];
  readonly deletePullSecret?: UninstallPorts['deletePullSecret'];
  readonly own?: readonly (OwnDeleted | Failed)[];
}

async function run(names: readonly string[], { replicas = [0], left = [[]], own = [OWN], ...given }: Given = {}) {
  let now = 0;
  const looks = { replicas: 0, left: 0, own: 0 };
  const at = <T>(list: readonly T[], which: keyof typeof looks): T =>
    list[Math.min(looks[which]++, list.length - 1)] as T;
  const said: string[] = [];
  const deleted: LeftPullSecret[] = [];
  const result = await uninstall(
    {
      replicas: async () => at(replicas, 'replicas'),
      pullSecrets: async () => at(left, 'left'),
      deletePullSecret: async (secret) => {
        const answer = (await given.deletePullSecret?.(secret)) ?? 'deleted';
        if (answer === 'deleted') deleted.push(secret);
        return answer;
      },
      deleteOwn: async () => at(own, 'own'),
      say: (line) => said.push(line),
      sleep: async (ms) => {
        now += ms;
      },
      now: () => now,
    },
    names,
  );
  return { result, said, deleted, took: now, looks };
}

t.test('pull Secrets stay unless they are named', async (t) => {
  const { result, looks, deleted } = await run([], { left: [secrets(3)] });
  t.same(result, {
    done: 'pull Secrets stay; deleted in the own namespace: the Secret pullpass-logins, the Secret pullpass-ca, the Lease pullpass',
  });
  t.same([looks.left, deleted.length], [0, 0]);
});

t.test('it can be asked twice', async (t) => {
  t.same((await run(['pull'], { own: [NOTHING] })).result, {
    done: 'deleted 0 pull Secrets; deleted in the own namespace: nothing',
  });
});

t.test('what is not ours is named', async (t) => {
  const { result } = await run([], { own: [{ deleted: [], foreign: ['the Secret pullpass-ca'] }] });
  t.match(result, { done: /nothing; left, because it is not ours: the Secret pullpass-ca$/ });
});

t.test('nothing is deleted while a replica runs', async (t) => {
  const { result, looks, deleted, took } = await run(['pull'], { replicas: [2], left: [secrets(1)] });
  t.same(result, { failed: '2 replicas still run, so nothing was deleted: delete their Deployment first' });
  t.same([looks.left, looks.own, deleted.length], [0, 0, 0]);
  t.ok(took >= 240_000 && took < 250_000);
});

t.test('it waits for the last replica, and says so once', async (t) => {
  const { result, said } = await run([], { replicas: [2, 2, AWAY, 1, 0] });
  t.match(result, { done: /./ });
  t.same(said, ['waiting for 2 replicas to end', AWAY.failed, 'waiting for 1 replicas to end']);
});

t.test('what cannot be told is no reason to delete', async (t) => {
  const { result, looks } = await run([], { replicas: [AWAY] });
  t.same(result, AWAY);
  t.equal(looks.own, 0);
});

t.test('each is deleted as it was seen, a few at once', async (t) => {
  let underWay = 0;
  let most = 0;
  const { result, deleted } = await run(['pull'], {
    left: [secrets(200)],
    async deletePullSecret() {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise(setImmediate);
      underWay -= 1;
      return 'deleted';
    },
  });
  t.match(result, { done: /^deleted 200 pull Secrets; / });
  t.same(new Set(deleted), new Set(secrets(200)));
  t.equal(most, 24);
});

t.test('one that changed meanwhile is looked at again', async (t) => {
  const [first, second] = secrets(2);
  const again = { ...second, seen: { uid: 'uid-1', resourceVersion: '8' } } as LeftPullSecret;
  const { result, deleted } = await run(['pull'], {
    left: [secrets(2), [again]],
    deletePullSecret: async ({ seen, namespace }) =>
      namespace === 'n1' && seen.resourceVersion === '7' ? { failed: 'conflict' } : 'deleted',
  });
  t.match(result, { done: /^deleted 2 pull Secrets/ });
  t.same(deleted, [first, again]);
});

t.test('what cannot be deleted is said, with how many were', async (t) => {
  const { result, looks } = await run(['pull'], {
    left: [secrets(3), secrets(1)],
    deletePullSecret: async ({ namespace }) => (namespace === 'n0' ? { failed: 'forbidden' } : 'deleted'),
  });
  t.same(result, { failed: 'pull Secrets pull are left, 2 were deleted: forbidden' });
  t.equal(looks.left, 3);
  t.equal(looks.own, 0, 'so that it can be asked again with all that it needs');
  t.same((await run(['pull'], { left: [AWAY] })).result, AWAY);
});

t.test('an API server that is away for a moment is asked again', async (t) => {
  t.match((await run([], { own: [AWAY, AWAY, OWN] })).result, { done: /./ });
  t.same((await run([], { own: [AWAY] })).result, AWAY);
});

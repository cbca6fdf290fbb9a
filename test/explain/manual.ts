// What a user meets who asks wrongly, or for what is not there, and manifests: commands with all that they print.
import type tap from 'tap';
import { pod } from '../serve/installation.ts';
import { deployment } from '../serve/story.ts';
import type { Site } from './site.ts';

/** @param PRIVATE an image that a credential serves; there are the namespaces `shop`, and `bare` without the label */
export async function testManual(t: Pick<typeof tap, 'test'>, site: Site, PRIVATE: string): Promise<void> {
  await t.test('as a manual has it: what is asked wrongly, and what is not there', async (t) => {
    const usage = 'see pullpass explain --help\n';
    const rows: readonly [args: readonly string[], input: string, code: number, stderr: string][] = [
      [[], '', 2, `what is to be explained? Name an object like pod/web; ${usage}`],
      [['pod/web', '-f', 'x'], '', 2, `an object and a file at once, leave out one of them; ${usage}`],
      [['pod', 'web', 'more'], '', 2, `"more" is one too many; ${usage}`],
      [['image'], '', 2, `which image? ${usage}`],
      [['pod/web', '--namespce', 'x'], '', 2, `unknown option --namespce, did you mean "namespace"?; ${usage}`],
      [['pod/web', '-o', 'yaml'], '', 2, '--output "yaml": wanted text or json\n'],
      [['web'], '', 2, '"web" names no object, write it like pod/web or deploy/web\n'],
      [['-f', '/no/such/file'], '', 2, '/no/such/file cannot be read: ENOENT\n'],
      [['-f', '-'], 'kind: [', 2, '-: line 1 is not valid YAML\n'],
      [['-f', '-'], 'apiVersion: v1\nkind: ConfigMap\n', 2, '- holds no Pod, and nothing with a template of one\n'],
      [
        ['pod/nope', '-n', 'shop'],
        '',
        1,
        'pullpass: there is no pod/nope in namespace shop: is it in another one? See --namespace\n',
      ],
      [['pod/web', '-n', 'nowhere'], '', 1, 'pullpass: there is no namespace nowhere\n'],
      [['rollout.argoproj.io/web'], '', 1, 'pullpass: the cluster has no API group argoproj.io\n'],
      [['pod/web', '--context', 'x'], '', 1, 'pullpass: the kubeconfig has no context "x", it has test\n'],
    ];
    for (const [args, input, code, stderr] of rows) {
      t.same(await site.explain(args, input), { code, stdout: '', stderr }, args.join(' '));
    }
  });

  await t.test('manifests: several at once, each in its namespace, and nothing need exist', async (t) => {
    const objects = [
      { ...pod('one', PRIVATE), metadata: { name: 'one', namespace: 'bare' } },
      deployment('two', 'public.example.com/app:1'),
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'three' } },
    ];
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    const ran = await site.explain(['-f', '-', '-o', 'json'], input);
    t.equal(ran.code, 1);
    t.match(JSON.parse(ran.stdout), [
      { object: 'pod/one', namespace: 'bare', result: 'wrong', reason: 'namespace-not-enabled' },
      { object: 'deployment/two', namespace: 'default' },
    ]);
    const elsewhere = await site.explain(['-f', '-', '-n', 'shop'], JSON.stringify(objects[0]));
    t.equal(elsewhere.code, 0, elsewhere.stdout);
    t.match(elsewhere.stdout, /^pod\/one in namespace shop$/m);
  });
}

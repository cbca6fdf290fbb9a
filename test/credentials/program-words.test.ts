// What is shown of stderr: enough to find the fault, and never a login, whatever way a program found to print one.
import fc from 'fast-check';
import t from 'tap';
import { showable, valuesOf } from '../../src/credentials/program-words.ts';

const seed = Number(process.env.PULLPASS_SEED ?? 20_260_101);
t.comment(`PULLPASS_SEED=${seed}`);

t.test('what helps is shown', async (t) => {
  const rows: readonly (readonly [because: string, said: string, shown: string])[] = [
    ['a plain word', 'connection refused', 'connection refused'],
    ...[
      'dial tcp [fd00:ec2::254]:80: i/o timeout',
      'Get "https://registry.acme.io:5000/v2/": EOF',
      'main.go:142 at 12:00:00 failed',
      'Error:AccessDeniedException',
      'Response: {"error":"invalid_grant"}',
      'not authorized to perform: ecr:GetAuthorizationToken',
      'arn:aws:iam:role/node may not',
      'HTTP 503 after 10000 ms',
    ].map((said) => [said, said, said] as const),
    [
      'hosts, paths, numbers',
      'dial tcp 169.254.169.254:80: pull 123456789012.dkr.ecr.eu-central-1.amazonaws.com/acme: HTTP 403',
      'dial tcp 169.254.169.254:80: pull 123456789012.dkr.ecr.eu-central-1.amazonaws.com/acme: HTTP 403',
    ],
    [
      'versions of an API',
      'Error: group version credentialprovider.kubelet.k8s.io/v1alpha1 is not supported',
      'Error: group version credentialprovider.kubelet.k8s.io/v1alpha1 is not supported',
    ],
    [
      'the error rather than what was said before it',
      'I0707 12:00:00.123456       1 main.go:142] Getting creds for private image\nE0707 12:00:00.123456       1 main.go:300] api UnrecognizedClientException: bad\n',
      'error: api UnrecognizedClientException: bad',
    ],
    ['the first line, if none tells more', '\n\nfirst\nsecond\n', 'first'],
    ['without what moves a terminal', '\u001b[31mred\u2028\u0007', '[31mred'],
    ['nothing', ' \n\n', ''],
  ];
  for (const [because, said, shown] of rows) t.equal(showable(said, []), shown, because);
  t.equal(showable('word '.repeat(2_000), []).length, 200, 'short');
});

t.test('what could be a login is not, although nothing in front of it says so', async (t) => {
  const rows: readonly (readonly [because: string, said: string, shown: string])[] = [
    ['letters and digits', 'got s3cr3tpw back', 'got … back'],
    ['in groups', 'got ab12-cd34-ef56-gh78 back', 'got … back'],
    ['a number of a request', 'RequestID: 550e8400-e29b-41d4-a716-446655440000, x', 'RequestID: … x'],
    ['letters by chance', 'got dXNlcjpwYXNz back', 'got … back'],
    ['signs in a word', 'got no!sugar#today back', 'got … back'],
    ['behind a name', 'login robot:swordfish failed', 'login robot:… failed'],
    ['behind a name, in quotes', 'got {"robot":"swordfish"}', 'got {"robot":…'],
    ['behind a name, in two parts', 'got robot:sword:fish', 'got robot:…'],
    ['behind a name, no port', 'got robot:12345678', 'got robot:…'],
    ['behind a name, in what tells an error', '{"error":"robot:swordfish"}', '{"error":"robot:…'],
    ['a number', 'pin 12345678', 'pin …'],
    ['a number that nothing names', 'got 12345678 back', 'got … back'],
    ['a number in a word', 'got (123456)', 'got (…)'],
    ['a short number that something names', 'pin 1234', 'pin …'],
    ['a number and a dot', 'got 12345678.com', 'got ….com'],
    ['an account', 'arn:aws:iam::123456789012:role/node', 'arn:aws:iam::…:role/node'],
    ['in front of a host', 'https://robot:word@a.io/v2/ refused', '…@a.io/v2/ refused'],
  ];
  for (const [because, said, shown] of rows) t.equal(showable(said, []), shown, because);
});

t.test('a value of the environment or a piece of the answer is not', async (t) => {
  const env = ['swordfish', 'first line\nopen sesame'];
  const answer = '{"auth":{"a.io":{"username":"robot","password":"plainword"}}}';
  for (const said of ['swordfish was refused', 'got plainword', 'got "plainword".', 'as robot', 'said open sesame']) {
    t.notMatch(showable(said, env, answer), /swordfish|plainword|robot|sesame/, said);
  }
});

t.test('for every login, in every way to say it, no piece is shown', async (t) => {
  let count = 0;
  const signs = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
  const token = fc
    .string({ unit: fc.constantFrom(...signs), minLength: 12, maxLength: 60 })
    .filter((text) => /[0-9]/.test(text) && /[a-z]/i.test(text));
  const base64 = token.map((text) => Buffer.from(`robot:${text}`).toString('base64'));
  const jwt = fc.tuple(token, token, token).map((parts) => parts.join('.'));
  const anywhere: readonly ((login: string) => string)[] = [
    (login) => `unauthorized ${login}`,
    (login) => `(${login}), refused`,
    (login) => `{"error":"${login}"}`,
    (login) => `GET https://a.io/v2/?sig=${login}&x=1`,
    (login) => `said '${login}'`,
  ];
  fc.assert(
    fc.property(fc.oneof(token, base64, jwt), fc.constantFrom(...anywhere), (login, say) => {
      const shown = showable(say(login), []);
      count++;
      for (let i = 0; i + 6 <= login.length; i++) if (shown.includes(login.slice(i, i + 6))) return false;
      return true;
    }),
    { seed, numRuns: 2_000 },
  );
  // Words that anybody could say give themselves away only by what stands in front of them.
  const word = fc.string({ unit: fc.constantFrom(...signs, '!', '@', ':', '-'), minLength: 4, maxLength: 20 });
  const named: readonly ((login: string) => string)[] = [
    (login) => `denied: password=${login}`,
    (login) => `password is ${login}`,
    (login) => `--password ${login} is wrong`,
    (login) => `{"password":"${login} ${login}"}`,
    (login) => `{'Secret': '${login}'}`,
    (login) => `AWS_SECRET_ACCESS_KEY=${login}`,
    (login) => `bad token ${login}`,
    (login) => `Authorization: Basic ${login}`,
    (login) => `authorization: ${login}`,
    (login) => `GET https://robot:${login}@a.io/v2/`,
  ];
  fc.assert(
    fc.property(word, fc.constantFrom(...named), (login, say) => {
      count++;
      return !showable(say(login), []).includes(login);
    }),
    { seed, numRuns: 4_000 },
  );
  t.equal(count, 6_000);
});

t.test('a program cannot keep us busy with what it says', async (t) => {
  const began = performance.now();
  for (const piece of [':', '@', ':@', 'auth', '"', 'password=', "a1'", ' ', 'a\n', 'E0707 ']) {
    showable(piece.repeat(8_000), ['a'.repeat(50)], 'x'.repeat(1_048_576));
  }
  t.ok(performance.now() - began < 2_000);
});

t.test('what stands in the arguments is not, but for the plain names of options', async (t) => {
  const args = ['get-credentials', '--token=plainword', '--verbose', '-v', '-pswordfish', 'KEY=sesame', '--', 'a'];
  const said = 'Error: flag --verbose: plainword, swordfish, sesame, KEY=sesame, get-credentials';
  t.equal(showable(said, valuesOf(args)), 'Error: flag --verbose: …, …, …, …, …');
  t.equal(showable('swordfish-two', ['swordfish', 'swordfish-two']), '…', 'whichever comes first');
});

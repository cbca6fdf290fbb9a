// Image references by example. That the whole grammar agrees with the Go original is the differential test's part.
import t from 'tap';
import { isDomain, parseImage } from '../../src/core/image.ts';

const HEX = '0123456789abcdef'.repeat(8);

const VALID: readonly (readonly [image: string, host: string, repository: string])[] = [
  ['nginx', 'docker.io', 'library/nginx'],
  ['nginx:1.29', 'docker.io', 'library/nginx'],
  ['acme/app', 'docker.io', 'acme/app'],
  ['docker.io/nginx', 'docker.io', 'library/nginx'],
  ['index.docker.io/nginx', 'docker.io', 'library/nginx'],
  ['index.docker.io/acme/app', 'docker.io', 'acme/app'],
  ['ghcr.io/acme/app:1', 'ghcr.io', 'acme/app'],
  ['ghcr.io/app', 'ghcr.io', 'app'],
  ['localhost:5000', 'docker.io', 'library/localhost'], // no slash, so 5000 is a tag
  ['localhost:5000/app', 'localhost:5000', 'app'],
  ['localhost/app', 'localhost', 'app'],
  ['Registry/app', 'Registry', 'app'], // an upper-case letter makes it a host
  ['registry/app', 'docker.io', 'registry/app'],
  ['registry:05000/app', 'registry:05000', 'app'],
  ['[::1]:5000/app', '[::1]:5000', 'app'],
  ['[2001:db8::1]/app', '[2001:db8::1]', 'app'],
  [`ghcr.io/acme/app:1@sha256:${HEX.slice(0, 64)}`, 'ghcr.io', 'acme/app'],
  [`app@sha512:${HEX}`, 'docker.io', 'library/app'],
  [`sha256:${HEX.slice(0, 64)}`, 'docker.io', 'library/sha256'], // 64 letters are a tag
  [`ghcr.io/${'a'.repeat(255)}`, 'ghcr.io', 'a'.repeat(255)],
  [`app:${'t'.repeat(128)}`, 'docker.io', 'library/app'],
];

t.test('valid images', async (t) => {
  for (const [image, host, repository] of VALID) {
    t.same(parseImage(image), { host, repository }, image.slice(0, 60));
  }
  // To the kubelet a host is what stands before the first slash, also where the grammar finds no domain.
  t.same(parseImage('a_b.example.com/app'), { host: 'a_b.example.com', repository: 'app' });
});

const INVALID: readonly (readonly [image: string, because: string])[] = [
  ['', 'empty'],
  [' nginx', 'white space'],
  ['nginx\n', 'a line end'],
  ['Nginx', 'upper case in a repository'],
  ['ghcr.io/Acme/app', 'upper case in a repository'],
  ['ghcr.io//app', 'an empty component'],
  ['ghcr.io/', 'no repository'],
  ['/app', 'an empty host'],
  ['app:', 'an empty tag'],
  ['app:-a', 'a tag that begins with a dash'],
  [`app:${'t'.repeat(129)}`, 'a tag of 129 characters'],
  ['a___b', 'three underscores'],
  ['a..b', 'two dots'],
  ['-a', 'a dash at the beginning'],
  ['https://ghcr.io/app', 'a scheme'],
  [HEX.slice(0, 64), '64 hex digits are an identifier'],
  [`app@sha256:${HEX.slice(0, 63)}`, 'a digest too short'],
  [`app@sha256:${HEX.slice(0, 64).toUpperCase()}`, 'a digest in upper case'],
  [`app@md5:${HEX.slice(0, 32)}`, 'an algorithm that nobody knows'],
  [`ghcr.io/${'a'.repeat(256)}`, 'a repository of 256 characters'],
  ['ghcr.io:/app', 'an empty port'],
  ['[::1/app', 'half a bracket'],
  ['日本/app', 'letters beyond ASCII'],
];

t.test('invalid images are undefined and never throw', async (t) => {
  for (const [image, because] of INVALID) t.equal(parseImage(image), undefined, because);
});

t.test('what makes a first segment a host', async (t) => {
  for (const host of ['localhost', 'a.b', 'a:1', 'A', '[::1]']) t.equal(isDomain(host), true, host);
  for (const path of ['a', 'library', 'local-host', 'a_b', '1']) t.equal(isDomain(path), false, path);
});

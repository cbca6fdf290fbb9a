#!/usr/bin/env node
// A credential provider that takes and gives what the cloud vendors' own plugins do, in the same places: `ecr` as
// ecr-credential-provider, `gar` as auth-provider-gcp, `acr` as acr-credential-provider. The logins are fakes; the image that
// it was asked for comes back in the password, so that a test sees the request.
const API_VERSION = 'credentialprovider.kubelet.k8s.io/v1';
const [, , vendor, ...flags] = process.argv;

let input = '';
for await (const chunk of process.stdin) input += chunk;
const { kind, apiVersion, image, ...more } = JSON.parse(input);
if (kind !== 'CredentialProviderRequest') throw new Error(`kind was "${kind}"`);
if (apiVersion !== API_VERSION) throw new Error(`group version ${apiVersion} is not supported`);
if (Object.keys(more).length > 0) throw new Error('unknown fields');
const { hostname } = new URL(`https://${image}`);
if (!image.includes('/')) throw new Error('an image has a repository');
const login = { username: 'fake', password: `for ${image}` };
const answer = { kind: 'CredentialProviderResponse', apiVersion: API_VERSION };

const vendors = {
  ecr() {
    const known = /^\d{12}\.dkr[.-]ecr(-fips)?\.[a-z0-9-]+\.(amazonaws\.com(\.cn)?|on\.aws)$/.test(hostname);
    if (!known && hostname !== 'public.ecr.aws') throw new Error(`${hostname} is not a valid ECR repository URL`);
    return { cacheKeyType: 'Registry', cacheDuration: '5h59m59s', auth: { [hostname]: login } };
  },
  gar() {
    // When the metadata server cannot be reached it answers all the same, without a login.
    const hosts = [image.split('/')[0], 'container.cloud.google.com', 'gcr.io', '*.gcr.io', '*.pkg.dev'];
    const auth = flags.includes('unreachable') ? {} : Object.fromEntries(hosts.map((host) => [host, login]));
    return { cacheKeyType: 'Image', cacheDuration: '0s', auth };
  },
  acr() {
    const [server] = /^[a-zA-Z0-9]+\.azurecr\.(io|cn|de|us)(?=\/)/.exec(image) ?? [];
    if (server === undefined) return { cacheKeyType: 'Registry', cacheDuration: '0s', auth: {} };
    const anonymous = { '*.azurecr.*': { username: '', password: '' } };
    const everywhere = ['io', 'cn', 'de', 'us'].map((domain) => [`*.azurecr.${domain}`, login]);
    const own = flags.includes('principal') ? Object.fromEntries(everywhere) : { [server]: login };
    return { cacheKeyType: 'Registry', cacheDuration: '5m0s', auth: { ...anonymous, ...own } };
  },
};
process.stderr.write('I0707 12:00:00.000000       1 main.go:142] Getting creds for an image\n');
process.stdout.write(JSON.stringify({ ...answer, ...vendors[vendor]() }));

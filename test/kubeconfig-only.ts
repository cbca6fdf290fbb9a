// Loaded before each test file: of the Kubernetes client only the part that reads a kubeconfig, as build.ts takes it for the
// program. The generated rest, which nobody here calls, costs each of a hundred files more than a second.
import { registerHooks } from 'node:module';

const CLIENT = import.meta.resolve('@kubernetes/client-node');
const HTTP = `export * from ${JSON.stringify(new URL('gen/http/http.js', CLIENT).href)};`;
const KUBECONFIG = `export * from ${JSON.stringify(new URL('config.js', CLIENT).href)}; ${HTTP}`;
const GENERATED = `export function createConfiguration() { throw new Error('not loaded'); }
  export class ServerConfiguration {}
  ${HTTP}`;

registerHooks({
  load(url, context, next) {
    const source = url === CLIENT ? KUBECONFIG : url === new URL('gen/index.js', CLIENT).href ? GENERATED : undefined;
    return source === undefined ? next(url, context) : { format: 'module', shortCircuit: true, source };
  },
});

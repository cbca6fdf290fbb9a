// Asks one URL as Pullpass would, in a process of its own, because Node reads NODE_EXTRA_CA_CERTS when it starts.
import { openRegistryHttp } from '../../src/registry/registry-http.ts';

const http = openRegistryHttp({ environment: process.env });
const answer = await http.get(new URL(process.argv[2] ?? ''), {});
process.stdout.write('failure' in answer ? answer.failure : String(answer.status));
await http.close();

// A second webhook beside Pullpass, as service meshes have one: it adds a container with a private image to every Pod that
// lacks it. It runs inside the test.
import { createServer } from 'node:https';
import { certificateFor } from '../certificates/certificate-for.ts';
import { freePorts } from '../control-plane/control-plane.ts';
import { PRIVATE } from './story.ts';

export async function serveSidecarInjector(): Promise<{ url: string; ca: string; stop: () => void }> {
  const { ca, cert, key } = await certificateFor('localhost');
  const [port] = await freePorts(1);
  const server = createServer({ cert, key }, (request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => {
      const { uid, object } = JSON.parse(text).request;
      const value = { name: 'sidecar', image: PRIVATE };
      const there = object.spec.containers.some((container: { name: string }) => container.name === value.name);
      const patch = Buffer.from(JSON.stringify([{ op: 'add', path: '/spec/containers/-', value }])).toString('base64');
      const change = there ? {} : { patchType: 'JSONPatch', patch };
      const answer = { uid, allowed: true, ...change };
      const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(review));
    });
  });
  await new Promise<void>((resolve) => server.listen(port, 'localhost', resolve));
  const stop = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `https://localhost:${port}/`, ca, stop };
}

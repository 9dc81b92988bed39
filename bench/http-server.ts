import { fork } from 'node:child_process';
import { connect as http2Connect } from 'node:http2';
import { connect as tlsConnect } from 'node:tls';
import { RealEnvironment } from '../src/machinery/environment/real.ts';
import { HttpServer } from '../src/wire/http-server.ts';
import { CertificateAuthority } from '../src/wire/pki/certificate-authority.ts';

/**
 * Small GETs over kept TLS connections, with a client certificate checked: `node bench/http-server.ts`. The load comes from another
 * process, so the figure is one core's; "per cpu second" is the one to compare on a machine that is busy with something else.
 */
const seconds = 3;
const connections = 16;
const body = Buffer.from(JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' }));

if (process.send === undefined) await measure();
else load(process.argv[2] ?? '', Number(process.argv[3]), process.argv[4] ?? '');

async function measure(): Promise<void> {
  const environment = new RealEnvironment();
  const authority = CertificateAuthority.create(environment, { commonName: 'bench', validityMs: 3_600_000 });
  const server = authority.issue({
    commonName: 'bench',
    usages: ['serverAuth', 'clientAuth'],
    ipAddresses: ['127.0.0.1'],
    validityMs: 3_600_000,
  });
  const listening = await HttpServer.start({
    environment,
    address: { host: '127.0.0.1', port: 0 },
    tls: {
      certificatePem: server.certificate.pem,
      keyPem: server.keyPem,
      clientAuthorityPem: authority.certificate.pem,
    },
    handler: {
      fetch: async (_, connection) => ({
        status: connection.certificate === undefined ? 401 : 200,
        headers: { 'content-type': 'application/json' },
        body,
      }),
    },
  });
  process.stdout.write('protocol   GETs/s   GETs per cpu second of the server\n');
  for (const protocol of ['http/1.1', 'h2']) {
    const pem = server.certificate.pem + server.keyPem;
    const child = fork(import.meta.filename, [protocol, String(listening.port), pem]);
    await new Promise((resolve) => child.once('message', resolve));
    const before = process.cpuUsage();
    const answered = await new Promise<number>((resolve) => child.once('message', (count) => resolve(Number(count))));
    const cpu = process.cpuUsage(before);
    const perCpuSecond = answered / ((cpu.user + cpu.system) / 1e6);
    process.stdout.write(
      `${protocol.padEnd(8)} ${(answered / seconds).toFixed(0).padStart(8)} ${perCpuSecond.toFixed(0).padStart(8)}\n`,
    );
    child.kill();
  }
  await listening.close();
}

/** Asks again as soon as an answer is in, on each of the connections; counts after a second of warming up. */
function load(protocol: string, port: number, pem: string): void {
  let count = 0;
  const tls = { host: '127.0.0.1', port, cert: pem, key: pem, rejectUnauthorized: false };
  for (let each = 0; each < connections; each++) {
    if (protocol === 'h2') {
      const session = http2Connect(`https://127.0.0.1:${port}`, tls);
      const ask = () => {
        const stream = session.request({ ':path': '/api/v1/namespaces/default/pods/web-0' });
        stream.on('response', (headers) => {
          if (headers[':status'] !== 200) throw new Error(`status ${headers[':status']}`);
        });
        stream.resume().on('end', () => {
          count++;
          ask();
        });
      };
      for (let stream = 0; stream < 4; stream++) ask();
    } else {
      const socket = tlsConnect({ ...tls, ALPNProtocols: ['http/1.1'] });
      const request =
        'GET /api/v1/namespaces/default/pods/web-0 HTTP/1.1\r\nhost: x\r\naccept: application/json\r\n\r\n';
      socket.write(request);
      socket.on('data', (chunk) => {
        if (!chunk.toString('latin1').startsWith('HTTP/1.1 200')) throw new Error(chunk.toString());
        count++;
        socket.write(request);
      });
    }
  }
  setTimeout(() => {
    process.send?.('warm');
    const before = count;
    setTimeout(() => process.send?.(String(count - before)), seconds * 1000);
  }, 1000);
}

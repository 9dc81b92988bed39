/** The shop: every visit to the page is an order. Orders stand in PostgreSQL, and how many this replica took in a file of its volume. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { hostname } from 'node:os';
import pg from 'pg';

const { PORT = '8080', DATA_DIR = '/data', GREETING = 'Welcome' } = process.env;
// PGHOST, PGUSER, PGPASSWORD and PGDATABASE are read by the driver itself.
const connections = 10;
const pool = new pg.Pool({
  max: connections,
  // On a busy machine the database takes its time to start a process for a connection; visitors wait rather than fail.
  connectionTimeoutMillis: 8000,
  query_timeout: 4000,
  idleTimeoutMillis: 30_000,
});
pool.on('error', (error) => console.error(`a database connection was lost: ${error.message}`));

const countFile = `${DATA_DIR}/orders-taken`;
mkdirSync(DATA_DIR, { recursive: true });
let taken = readCount();
let ready = false;
let ending = false;

function readCount() {
  try {
    return Number(readFileSync(countFile, 'utf8'));
  } catch {
    return 0;
  }
}

/** A crash leaves the old count or the new one. */
function writeCount() {
  writeFileSync(`${countFile}.new`, String(taken));
  renameSync(`${countFile}.new`, countFile);
}

async function prepareDatabase() {
  while (!ready && !ending) {
    try {
      await pool.query(
        'CREATE TABLE IF NOT EXISTS orders (id bigserial PRIMARY KEY, replica text NOT NULL, at timestamptz NOT NULL DEFAULT now())',
      );
      await openConnections();
      ready = true;
      console.log('ready for orders');
    } catch (error) {
      // Two replicas may make the table at the same time; the next try finds it.
      console.error(`the database is not ready: ${error.message}`);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

/** The first visitors of a new replica find connections that are open already. */
async function openConnections() {
  const opened = await Promise.allSettled(Array.from({ length: connections }, () => pool.connect()));
  for (const { value } of opened) value?.release();
}

async function takeOrder() {
  const { rows } = await pool.query('INSERT INTO orders (replica) VALUES ($1) RETURNING id', [hostname()]);
  taken++;
  writeCount();
  return { order: Number(rows[0].id), replica: hostname(), takenHere: taken };
}

const page = ({ order, replica, takenHere }) => `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Shop</title>
<style>body{font:18px/1.5 system-ui;max-width:40rem;margin:4rem auto;color:#123}b{font-size:3rem;display:block}</style>
<h1>${GREETING}</h1><p>Orders so far <b>${order}</b></p>
<p>This one was taken by <code>${replica}</code>, its number ${takenHere}.</p></html>
`;

const routes = {
  '/': async () => ({ type: 'text/html; charset=utf-8', body: page(await takeOrder()) }),
  '/order': async () => ({ type: 'application/json', body: `${JSON.stringify(await takeOrder())}\n` }),
  '/count': async () => {
    const { rows } = await pool.query('SELECT count(*) AS orders FROM orders');
    return {
      type: 'application/json',
      body: `${JSON.stringify({ orders: Number(rows[0].orders), replica: hostname(), takenHere: taken })}\n`,
    };
  },
  '/healthz': async () => ({ type: 'text/plain', body: 'ok\n' }),
  '/readyz': async () => {
    if (!ready) throw new Error('the database has not answered yet');
    await pool.query('SELECT 1');
    return { type: 'text/plain', body: 'ok\n' };
  },
};

const server = createServer(async (request, response) => {
  const route = routes[new URL(request.url, 'http://shop').pathname];
  if (route === undefined) {
    response.writeHead(404).end('not found\n');
    return;
  }
  try {
    const { type, body } = await route();
    response.writeHead(200, { 'content-type': type, ...(ending && { connection: 'close' }) }).end(body);
  } catch (error) {
    response.writeHead(503, { 'content-type': 'text/plain' }).end(`${error.message}\n`);
  }
});

server.listen(Number(PORT), () => console.log(`listening on ${PORT}, ${taken} orders taken here before`));
prepareDatabase();

process.on('SIGTERM', () => {
  console.log('ending');
  ending = true;
  server.close(async () => {
    await pool.end();
    process.exit(0);
  });
  server.closeIdleConnections();
});

// What applications in JavaScript do through node-postgres. Prints "ok NAME" or "FAILED NAME: why" for
// each check; the arguments are host, port, database and user.
'use strict';

const assert = require('assert');
const { Client, Pool } = require('pg');

const [host, port, database, user] = process.argv.slice(2);
const address = { host, port: Number(port), database, user };

const checks = {
  async simple_queries(client) {
    const result = await client.query('select 1 as one; select 2 as two');
    assert.deepStrictEqual(result.map((part) => part.rows[0]), [{ one: 1 }, { two: 2 }]);
  },

  async parameters(client) {
    const { rows } = await client.query('select $1::text as a, $2::int as b, $3::json as c',
      ['ünïcode', 42, JSON.stringify({ deep: [1, null] })]);
    assert.deepStrictEqual(rows, [{ a: 'ünïcode', b: 42, c: { deep: [1, null] } }]);
  },

  async named_statements(client) {
    for (let i = 0; i < 50; ++i) {
      const { rows } = await client.query(
        { name: 'double', text: 'select $1::int * 2 as doubled', values: [i] });
      assert.strictEqual(rows[0].doubled, i * 2);
    }
  },

  async named_statements_of_many_clients() {
    const clients = await Promise.all(Array.from({ length: 10 }, connect));
    await Promise.all(clients.map(async (client, number) => {
      for (let i = 0; i < 20; ++i) {
        const { rows } = await client.query(
          { name: 'same name', text: `select ${number} as client, $1::int as i`, values: [i] });
        assert.deepStrictEqual(rows[0], { client: number, i });
      }
      await client.end();
    }));
  },

  async parallel_queries_of_a_pool() {
    const pool = new Pool({ ...address, max: 20 });
    const answers = await Promise.all(Array.from({ length: 500 }, (_, i) =>
      pool.query('select $1::int as i', [i])));
    assert.deepStrictEqual(answers.map(({ rows }) => rows[0].i), Array.from({ length: 500 }, (_, i) => i));
    await pool.end();
  },

  async queries_queued_on_one_client(client) {
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) =>
      client.query(i % 2 ? `select ${i} as i` : { text: 'select $1::int as i', values: [i] })));
    assert.deepStrictEqual(answers.map(({ rows }) => rows[0].i), Array.from({ length: 100 }, (_, i) => i));
  },

  async transactions(client) {
    await client.query('drop table if exists node_t');
    await client.query('create table node_t (a int)');
    await client.query('begin');
    await client.query('insert into node_t values ($1)', [1]);
    await client.query('rollback');
    await client.query('begin');
    await client.query('insert into node_t values ($1)', [2]);
    await client.query('commit');
    assert.deepStrictEqual((await client.query('select a from node_t')).rows, [{ a: 2 }]);
    await client.query('drop table node_t');
  },

  async errors(client) {
    await assert.rejects(client.query('select * from absent'), { code: '42P01', severity: 'ERROR' });
    await assert.rejects(client.query('select 1/$1::int', [0]), { code: '22012' });
    assert.strictEqual((await client.query('select 1 as one')).rows[0].one, 1);
  },

  async row_limits(client) {
    await client.query('begin');
    const { rows } = await client.query({ text: 'select generate_series(1, 1000) as i', rows: 10 });
    assert.strictEqual(rows.length, 1000);
    await client.query('commit');
  },

  async binary_results(client) {
    const { rows } = await client.query({ text: 'select $1::int as i', values: [7], binary: true });
    assert.strictEqual(rows[0].i, 7);
  },

  async notices(client) {
    const heard = new Promise((resolve) => { client.once('notice', resolve); });
    await client.query("do $$ begin raise notice 'hello node'; end $$");
    assert.strictEqual((await heard).message, 'hello node');
  },

  async statement_timeout(client) {
    await assert.rejects(client.query("begin; set local statement_timeout to '100ms'; select pg_sleep(43)"),
      { code: '57014' });
    await client.query('rollback');
  },
};

async function connect() {
  const client = new Client(address);
  await client.connect();
  return client;
}

async function main() {
  for (const [name, check] of Object.entries(checks)) {
    try {
      const client = await connect();
      await check(client);
      await client.end();
      console.log(`ok ${name}`);
    } catch (error) {
      console.log(`FAILED ${name}: ${String(error.stack).replace(/\n\s*/g, ' ')}`);
      process.exitCode = 1;
    }
  }
  process.exit();
}

main();

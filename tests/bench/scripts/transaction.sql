\set aid random(1, 100000 * :scale)
\set other random(1, 100000 * :scale)
begin;
select abalance from pgbench_accounts where aid = :aid;
select abalance from pgbench_accounts where aid = :other;
commit;

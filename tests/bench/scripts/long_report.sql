\set aid random(1, 100000 * :scale - 40000)
select sum(abalance) from pgbench_accounts where aid between :aid and :aid + 40000;

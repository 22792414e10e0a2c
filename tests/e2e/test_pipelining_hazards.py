"""What a client may send in the midst of many others whose statements share its connections: everybody
gets their own answer, once."""

import pytest

from support.crowd import SCHEMA, crowds, login
from support.wire import SYNC, bind, error_fields, execute, kinds, message, parse, query

# (default_pool_size, pipeline_depth)
SHAPES = [(1, 8), (4, 256), (1, 64)]

# A statement that opens a transaction, and nothing else.
OPENERS = ["begin", "/* ; */ start transaction -- ; commit"]

# Sent among the crowd's statements, each by a client of its own that leaves afterwards. What changes
# the session in a way that no pooler in transaction mode undoes must not be what the crowd depends on.
HAZARDS = [
    "select 1; begin",
    "select 1 /* ; */ ; /* select 2 */ begin",
    "select 1 -- ;\n; begin",
    "select ';--'; begin",
    "select $a$; rollback $$ $a$; begin",
    "select E'\\'; select 1; --'; begin",
    "begin; select 1/0",
    "begin; lock table line_rows in access exclusive mode",
    "begin; update line_rows set note = 'changed' where id = 150",
    *OPENERS,
    "commit",
    "select 1; select 1/0; select 2",
    "select 1/0",
    "select nothing",
    "selec 1",
    "select 'a",
    "",
    "/* nothing */ ;",
    "set work_mem = '64kB'",
    "select 1; set work_mem = '64kB'",
    "set standard_conforming_strings = off",
    "set client_encoding = 'SJIS'",
    "set DateStyle = 'German'",
    "select set_config('work_mem', '64kB', false)",
    "update pg_settings set setting = '64' where name = 'work_mem'",
    "select pg_advisory_lock(4711)",
    "select pg_sleep(0.02)",
    "select * from line_sleeper",
    "select line_changes()",
    "select line_update(150)",
    "do $$ begin perform set_config('work_mem', '64kB', false); end $$",
    "copy (select generate_series(1, 1000)) to stdout",
    "select 1 as a into temp leftover",
    "listen line_channel",
    "prepare own as select 'stolen', 'stolen'",
    "deallocate all",
    "discard all",
    "declare c cursor with hold for select 1",
    "update line_rows set note = 'written' where id = 150",
    "select * from line_rows where id = 150 for update",
    "select repeat('x', 300) from generate_series(1, 2000)",
]


# Each under one Sync, with whether a transaction is open afterwards.
BATCHES = [
    (["select 1", "select 1/0", "select 2"], False),
    (["select 1", "begin"], True),
    (["begin", "select 1/0"], True),
    (["begin", "select 1", "commit"], False),
    (["commit", "select 1"], False),
    (["set work_mem = '64kB'", "select 1"], False),
    (["set local work_mem = '64kB'", "select 1"], False),
    (["select 1", "select set_config('work_mem', '64kB', false)"], False),
    (["update line_rows set note = 'written' where id = 150", "select pg_sleep(0.01)"], False),
    (["insert into line_rows values (150, 'twice')", "select 1"], False),
    (["select 1", "select pg_advisory_lock(4714)"], False),
    (["select 1", "copy (select 1) to stdout"], False),
    (["select 1", "selec"], False),
]


@pytest.fixture(scope="module")
def tables(cluster):
    cluster.execute(SCHEMA)
    return cluster


@pytest.fixture
def start(make_pgring, tables):
    yield from crowds(make_pgring)


def batch(*statements):
    return b"".join(parse("", sql) + bind("", "") + execute() for sql in statements) + SYNC


def send_among(pgring, crowd, sent, in_block):
    """A client of its own sends it, gets an answer of its own, and leaves no transaction open."""
    with login(pgring) as hazard:
        crowd.send((hazard, sent))
        messages = hazard.read_until()
        assert messages and messages[-1][0] == b"Z", (sent, messages)
        assert (messages[-1][1] != b"I") == in_block, (sent, messages)
        if in_block:  # its connection is its own until then
            hazard.send(query("rollback"))
            assert hazard.read_until()[-1] == (b"Z", b"I"), sent
        crowd.check()


def opens_block(sql):
    return sql.startswith("begin") or sql.endswith("begin") or sql in OPENERS


@pytest.mark.parametrize("pool_size,depth", SHAPES)
def test_what_a_neighbour_sends_changes_nobody_elses_answer(start, pool_size, depth):
    pgring, crowd = start(pool_size, depth)
    for sql in HAZARDS:
        send_among(pgring, crowd, query(sql), opens_block(sql))


@pytest.mark.parametrize("pool_size,depth", SHAPES)
def test_nor_does_a_batch(start, pool_size, depth):
    pgring, crowd = start(pool_size, depth)
    for sql in HAZARDS:  # PostgreSQL prepares no text of several statements
        send_among(pgring, crowd, batch(sql), sql in OPENERS)
    for statements, in_block in BATCHES:
        send_among(pgring, crowd, batch(*statements), in_block)


COPY_FAIL = message(b"f", b"no more\0")
COPY_DONE = message(b"c")


@pytest.mark.parametrize("pool_size,depth", SHAPES)
@pytest.mark.parametrize("ending,shape,sqlstate", [
    (COPY_DONE, b"EZ", "22P02"), (COPY_FAIL, b"EZ", "57014"), (query("select 1"), b"EE", "08P01"),
    (None, None, None)], ids=["a bad row", "CopyFail", "a Query inside", "the client vanishes"])
def test_copy_from_a_client_among_neighbours(start, tables, pool_size, depth, ending, shape, sqlstate):
    pgring, crowd = start(pool_size, depth)
    for _ in range(3):
        with login(pgring) as copying:
            crowd.send((copying, query("copy line_rows from stdin")))
            assert copying.read_until(b"G")[-1][0] == b"G"
            copying.send(message(b"d", b"not a row"))
            if ending is not None:
                copying.send(ending)
                messages = copying.read_until()
                assert kinds(messages) == shape and error_fields(messages[0][1])["C"] == sqlstate
        crowd.check()
    assert tables.query("select count(*) from line_rows") == [(200,)]

"""Many clients at once in front of few database connections, each of which checks its own answers."""

import select

from support.process import wait_until
from support.wire import SYNC, Wire, bind, data_row, execute, kinds, parse, query

SCHEMA = """
    create table if not exists line_rows (id int primary key, note text);
    truncate line_rows;
    insert into line_rows select n, 'row ' || n from generate_series(1, 200) n;
    create table if not exists line_others (id int primary key);
    truncate line_others;
    insert into line_others select generate_series(1, 200);
    create or replace view line_sleeper as select pg_sleep(0.4)::text as slept;
    create or replace function line_update(number int) returns void language sql as
        'update line_rows set note = ''by a function'' where id = number';
    create or replace function line_changes() returns int language plpgsql as $$
    begin
        perform set_config('work_mem', '64kB', false), pg_advisory_lock(4712);
        create temp table line_temporary (a int);
        return 1;
    end $$;
"""


class Crowd:
    """Clients that each ask for a value of their own, over and over, as simple and as prepared
    statements that may share a connection."""

    def __init__(self, pgring, size=24, table="line_rows", **who):
        """Every third client reads the table."""
        self.table = table
        self.clients = [Wire(pgring.port) for _ in range(size)]
        self.turn = 0
        for wire in self.clients:
            wire.login(**who)
            wire.send(parse("own", "select $1::int4 as client, $2::int4 as turn"), SYNC)
            assert kinds(wire.read_until()) == b"1Z"

    def send(self, *others):
        """Everybody's next statement before anybody reads, and in their midst others' (client,
        message)."""
        self.turn += 1
        for number, wire in enumerate(self.clients):
            if number == len(self.clients) // 2:
                for other, message in others:
                    other.send(message)
            if number % 3 == 0:
                wire.send(bind("", "own", [number, self.turn]), execute(), SYNC)
            elif number % 3 == 1:
                wire.send(query("select %d, %d" % (number, self.turn)))
            else:
                wire.send(query("select %d, %d from %s where id = %d" %
                                (number, self.turn, self.table, number + 1)))

    def check(self, silent=True):
        """Everybody got what is theirs, once, with no error, and (if silent) nothing behind it."""
        for number, wire in enumerate(self.clients):
            messages = wire.read_until()
            rows = [data_row(payload) for kind, payload in messages if kind == b"D"]
            assert rows == [[str(number), str(self.turn)]], (number, messages)
            assert kinds(messages) in (b"2DCZ", b"TDCZ"), (number, messages)
            assert messages[-1][1] == b"I", (number, messages)
        if not silent:
            return
        ready, _, _ = select.select([wire.socket for wire in self.clients], [], [], 0)
        assert not ready and not any(wire.buffer for wire in self.clients)

    def run(self, turns=1):
        for _ in range(turns):
            self.send()
            self.check()

    def leave(self, count):
        """The last ones vanish, whatever they wait for."""
        for _ in range(count):
            self.clients.pop().socket.close()

    def close(self):
        self.leave(len(self.clients))


def console(pgring, command):
    """Rows of the admin console, as dictionaries."""
    with pgring.connect(dbname="pgring") as admin:
        cursor = admin.execute(command)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor.fetchall()]


def pipelined(pgring):
    """How many statements have been put behind another's."""
    return sum(worker["tasks_pipelined"] for worker in console(pgring, "SHOW WORKERS"))


def run_in_line(pgring, crowd):
    """The crowd's statements, until some of them have stood in line."""
    before = pipelined(pgring)
    wait_until(lambda: crowd.run() or pipelined(pgring) > before, "statements stand in line")


def login(pgring, **parameters):
    """One more client; `key` is for its cancel requests."""
    wire = Wire(pgring.port)
    greeting = wire.login(**parameters)
    assert greeting[-1][0] == b"Z", greeting
    wire.key = next(payload for kind, payload in greeting if kind == b"K")
    return wire


def crowds(make_pgring):
    """A fixture's body. Its value, called as start(pool_size, depth, ...), gives one worker in front of
    few connections, and a crowd whose statements stand in line there; at the end they do again, and
    everybody is well."""
    made = []

    def start(pool_size=1, depth=8, **settings):
        pgring = make_pgring(settings={"default_pool_size": pool_size, "pipeline_depth": depth,
                                       "worker_processes": 1, "admin_users": "postgres", **settings})
        crowd = Crowd(pgring)
        made.append((pgring, crowd))
        run_in_line(pgring, crowd)
        return pgring, crowd

    yield start
    for pgring, crowd in made:
        run_in_line(pgring, crowd)
        crowd.close()

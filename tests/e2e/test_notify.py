"""LISTEN and NOTIFY in session mode: what one client sends, the listening one hears."""

import pytest

from support.process import wait_until


@pytest.fixture
def session(make_pgring):
    return make_pgring(settings={"pool_mode": "session"})


def heard(connection):
    connection.pgconn.consume_input()
    return connection.pgconn.notifies()


def test_a_notification_arrives_while_the_listener_is_idle(session):
    with session.connect() as listener, session.connect() as sender:
        listener.execute("listen news")
        sender.execute("notify news, 'first'")
        notification = wait_until(lambda: heard(listener), "the notification arrives")
        assert (notification.relname, notification.extra) == (b"news", b"first")
        assert notification.be_pid == sender.execute("select pg_backend_pid()").fetchone()[0]
        sender.execute("select pg_notify('news', 'second')")
        assert wait_until(lambda: heard(listener), "the next one arrives").extra == b"second"


def test_a_later_client_on_the_same_connection_hears_nothing(make_pgring):
    session = make_pgring(settings={"pool_mode": "session", "default_pool_size": 1})
    with session.connect() as first:
        first.execute("listen news")
        backend = first.execute("select pg_backend_pid()").fetchone()
    with session.connect() as second:
        assert second.execute("select pg_backend_pid()").fetchone() == backend
        assert second.execute("select * from pg_listening_channels()").fetchall() == []

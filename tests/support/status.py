"""Asking a daemon's status process."""

import urllib.error
import urllib.request

from prometheus_client.parser import text_string_to_metric_families as parse_prometheus

from support.process import free_port


class Answer:
    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.text = response.read().decode()


def get(port, path, host="127.0.0.1", timeout=10, **headers):
    request = urllib.request.Request("http://%s:%d%s" % (host, port, path), headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return Answer(response)
    except urllib.error.HTTPError as response:
        return Answer(response)


def values(port):
    """{(sample name, label, ...): value} of everything /metrics says."""
    families = parse_prometheus(get(port, "/metrics").text)
    return {(sample.name, *sorted(sample.labels.items())): sample.value
            for family in families for sample in family.samples}


def pool_value(port, name, database="test", user="postgres", **labels):
    labels = {"database": database, "user": user, **labels}
    return values(port).get((name, *sorted(labels.items())))


def with_metrics(make_pgring, settings=None, **more):
    port = free_port()
    pgring = make_pgring(settings={"metrics_listen": port, **(settings or {})}, **more)
    pgring.metrics = port
    return pgring


def status_process(pgring):
    found = pgring.titled("pgringd: status")
    return found[0] if len(found) == 1 else None

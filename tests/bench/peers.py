"""Poolers beside PgBouncer, measured where they are installed. The environment variable of a pooler's
name (PGPOOL, ODYSSEY, PGAGROAL) gives the path of another program than the one on the PATH."""

from candidates import MAX_CLIENTS, POOL_SIZE, Peer


class ConnectionBound(Peer):
    """Keeps a database connection for each client from login to logout, so that clients cannot be more
    than connections."""

    max_clients = 100

    def refuses(self, workload):
        if workload.clients > self.max_clients:
            return "a database connection for each client"
        return None


class Pgpool(ConnectionBound):
    name = program_name = "pgpool"
    label = "Pgpool-II"

    def configure(self):
        access = self.write("access", "local all all trust\n")
        control = self.write("control", "")
        # The setting of the socket's folder has changed its name; the other one is ignored.
        settings = {
            "backend_clustering_mode": "raw", "listen_addresses": "127.0.0.1", "port": self.port,
            "socket_dir": self.directory, "unix_socket_directories": self.directory,
            "pcp_listen_addresses": "", "pcp_socket_dir": self.directory,
            "backend_hostname0": self.cluster.directory, "backend_port0": self.cluster.port,
            "num_init_children": self.max_clients, "max_pool": 1, "connection_cache": "on",
            "reserved_connections": 0, "load_balance_mode": "off", "sr_check_period": 0,
            "pid_file_name": self.directory + "/pid", "logdir": self.directory}
        return ["-n", "-a", access, "-F", control, "-f", self.write("conf", "".join(
            "%s = '%s'\n" % item for item in settings.items()))]


class Odyssey(Peer):
    name = program_name = "odyssey"
    label = "Odyssey"

    def socket_directory(self):
        """It has one folder for its own socket and for PostgreSQL's."""
        return self.cluster.directory

    def configure(self):
        return [self.write("conf", """
daemonize no
unix_socket_dir "%(sockets)s"
unix_socket_mode "0777"
locks_dir "%(directory)s"
log_to_stdout yes
log_format "%%p %%t %%l %%m\\n"
log_session no
log_stats no
workers 1
client_max %(clients)d
listen {
  port %(port)d
}
storage "server" {
  type "remote"
  port %(server_port)d
}
database default {
  user default {
    authentication "none"
    storage "server"
    pool "transaction"
    pool_size %(size)d
    pool_discard no
    pool_reserve_prepared_statement yes
  }
}
""" % {"directory": self.directory, "clients": MAX_CLIENTS, "port": self.port, "size": POOL_SIZE,
       "sockets": self.socket_directory(), "server_port": self.cluster.port})]


class Pgagroal(ConnectionBound):
    """Its fastest way, which is not to pool transactions."""

    name = program_name = "pgagroal"
    label = "pgagroal"

    def configure(self):
        access = self.write("access", "local all all trust\nhost all all all trust\n")
        settings = {"host": "127.0.0.1", "port": self.port, "unix_socket_dir": self.directory,
                    "max_connections": self.max_clients, "pipeline": "performance",
                    "log_type": "console", "log_level": "warn", "validation": "off"}
        return ["-a", access, "-c", self.write("conf", "".join(
            ["[pgagroal]\n", *("%s = %s\n" % item for item in settings.items()),
             "[primary]\nhost = %s\nport = %d\n" % (self.cluster.directory, self.cluster.port)]))]

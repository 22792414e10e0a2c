"""A relay between pgring and PostgreSQL, for what a server or a network does only now and then."""

import socket
import threading


class Proxy:
    """Passes connections on to a port of this host. A subclass may keep a connection for itself, or hold
    back or change what the server sends."""

    def __init__(self, port):
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def takes(self, _connection):
        """True: the new connection is not to be passed on."""
        return False

    def from_server(self, received):
        """What goes on to the client now that the server has sent this."""
        return received

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        while True:
            try:
                near = self.listener.accept()[0]
            except OSError:
                return
            if self.takes(near):
                continue
            far = socket.create_connection(("127.0.0.1", self.target))
            for source, sink, change in (near, far, bytes), (far, near, self.from_server):
                threading.Thread(target=self._pump, args=(source, sink, change)).start()

    @staticmethod
    def _pump(source, sink, change):
        try:
            while received := source.recv(65536):
                sink.sendall(change(received))
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

"""Leads a client of the real chat to the simulator, below its cookie jar.

URLs, Host headers and cookie domains stay those of the real hosts; only the connection goes elsewhere, and without
TLS. `websocket.create_connection` is wrapped in the same way.
"""

import socket

import requests
import urllib3
import websocket


class ToSimulator(requests.adapters.HTTPAdapter):
    """Mounted on `https://`: connects to the simulator, and leaves URL and Host alone."""

    def __init__(self, address):
        self.host, port = address.rsplit(":", 1)
        self.port = int(port)
        super().__init__()

    def get_connection_with_tls_context(self, request, verify, proxies=None, cert=None):
        return self.pool()

    def get_connection(self, url, proxies=None):
        return self.pool()

    def pool(self):
        return self.poolmanager.connection_from_host(self.host, self.port, "http")

    def add_headers(self, request, **_):
        request.headers["Host"] = urllib3.util.parse_url(request.url).host

    def cert_verify(self, *_):
        """There is no TLS below."""


def install(address):
    """Redirects every session and socket made from now on; gives the list of sockets as they are opened."""
    host, port = address.rsplit(":", 1)
    opened = []

    class Session(requests.Session):
        def __init__(self):
            super().__init__()
            self.mount("https://", ToSimulator(address))

    requests.Session = requests.sessions.Session = Session
    create = websocket.create_connection

    def create_connection(url, **options):
        below = socket.create_connection((host, int(port)))
        # The library speaks over a socket it is given, and asks for no TLS where the URL does not.
        ws = create(url.replace("wss://", "ws://"), socket=below, **options)
        receive = ws.recv
        ws.texts = []

        def recv():
            text = receive()
            ws.texts.append(text)
            return text

        ws.recv = recv
        opened.append((url.partition("?")[0].rsplit("/", 1)[1], ws))
        return ws

    websocket.create_connection = create_connection
    return opened

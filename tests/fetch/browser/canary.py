"""A place that no page may reach: listens on one port over TCP and UDP, v4 and v6, and counts who comes."""

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import AsyncIterator


class Canary(asyncio.DatagramProtocol):
    """`hits` counts connections and datagrams by what they came over."""

    def __init__(self) -> None:
        self.hits: Counter[str] = Counter()
        self.port = 0

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.hits["udp"] += 1

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.hits["tcp"] += 1
        writer.close()


@contextlib.asynccontextmanager
async def canary() -> AsyncIterator[Canary]:
    """Listen on 127.0.0.1, 127.0.0.2 and ::1."""
    bird, loop = Canary(), asyncio.get_running_loop()
    async with contextlib.AsyncExitStack() as stack:
        for host in ("127.0.0.1", "127.0.0.2", "::1"):
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            server = await asyncio.start_server(bird.connected, host, bird.port, family=family)
            stack.callback(server.close)
            bird.port = server.sockets[0].getsockname()[1]
            transport, _ = await loop.create_datagram_endpoint(lambda: bird, local_addr=(host, bird.port))
            stack.callback(transport.close)
        yield bird


# every way out of a page that is known here; PORT is the canary's, and /to/<address> redirects to it;
# #tried comes when each plain request was answered or refused, and the slower ways have had a second more
LEAKS = """
const hosts = ['127.0.0.1', 'localhost', '[::1]', '0.0.0.0', '127.0.0.2', '127.1', '[::ffff:127.0.0.1]', '2130706433'];
const ends = [];
const quietly = (work) => { try { Promise.resolve(work()).catch(() => {}) } catch (fault) {} };
const add = (name, attributes) => quietly(() => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  document.body.append(element);
});
for (const host of hosts) {
  const there = `http://${host}:PORT/`, socket = `ws://${host}:PORT/`;
  for (const url of [there, `https://${host}:PORT/`, `/to/${host}`]) {
    ends.push(fetch(url, {mode: 'no-cors'}), fetch(url, {mode: 'no-cors', method: 'POST', body: 'x', keepalive: true}));
    quietly(() => navigator.sendBeacon(url, 'x'));
    quietly(() => { const x = new XMLHttpRequest(); x.open('GET', url); x.send() });
    quietly(() => new EventSource(url));
    quietly(() => new SharedWorker(url));
    quietly(() => navigator.serviceWorker.register(url));
    quietly(() => import(url));
    quietly(() => window.open(url));
    quietly(() => new Image().src = url);
    quietly(() => document.fonts.add(new FontFace('f', `url(${url})`)) && document.fonts.load('12px f'));
    add('iframe', {src: url});
    add('iframe', {srcdoc: `<meta http-equiv=refresh content="0;url=${url}"><img src="${url}">`});
    add('script', {src: url});
    add('img', {src: url});
    add('video', {src: url, autoplay: ''});
    add('object', {data: url});
    add('embed', {src: url});
    for (const rel of ['stylesheet', 'prefetch', 'preload', 'prerender', 'preconnect', 'dns-prefetch', 'modulepreload',
                       'icon', 'manifest']) add('link', {rel, href: url, as: 'script'});
    add('style', {}); document.body.lastChild.textContent = `body { background: url(${url}) }`;
    add('form', {action: url, method: 'post', target: '_blank'}); quietly(() => document.body.lastChild.submit());
    add('a', {href: '#x', ping: url}); quietly(() => document.body.lastChild.click());
    add('script', {type: 'speculationrules'});
    document.body.lastChild.textContent = JSON.stringify({prefetch: [{urls: [url]}], prerender: [{urls: [url]}]});
  }
  quietly(() => new WebSocket(socket));
  quietly(() => new WebTransport(`https://${host}:PORT/`));
  quietly(() => {
    const urls = [`stun:${host}:PORT`, `turn:${host}:PORT?transport=udp`, `turn:${host}:PORT?transport=tcp`];
    const peer = new RTCPeerConnection({iceServers: [{urls, username: 'a', credential: 'b'}]});
    peer.createDataChannel('x'); peer.createOffer().then((offer) => peer.setLocalDescription(offer));
  });
}
const code = `
  const hosts = ${JSON.stringify(hosts)};
  for (const host of hosts) {
    fetch('http://' + host + ':PORT/', {mode: 'no-cors'}).catch(() => {});
    try { new WebSocket('ws://' + host + ':PORT/') } catch (fault) {}
    try { importScripts('http://' + host + ':PORT/') } catch (fault) {}
  }`;
quietly(() => new Worker(URL.createObjectURL(new Blob([code]))));
quietly(() => new SharedWorker(URL.createObjectURL(new Blob([code]))));
quietly(() => navigator.serviceWorker.register('/worker.js'));
quietly(() => new SharedWorker('/worker.js'));
// by WebRTC straight to the other side's candidate
quietly(async () => {
  const one = new RTCPeerConnection(), two = new RTCPeerConnection();
  one.createDataChannel('x');
  await one.setLocalDescription(await one.createOffer()); await two.setRemoteDescription(one.localDescription);
  await two.setLocalDescription(await two.createAnswer()); await one.setRemoteDescription(two.localDescription);
  for (const host of ['127.0.0.1', '::1']) for (const peer of [one, two])
    peer.addIceCandidate({candidate: `candidate:1 1 udp 2122260223 ${host} PORT typ host`, sdpMid: '0'});
});
Promise.allSettled(ends).then(() => setTimeout(() => add('b', {id: 'tried'}), 1000));
"""

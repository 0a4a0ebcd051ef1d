"""A proxy between a controller and an API server, both on loopback, that does harm when it is told to."""
import asyncio
import collections
import random
import re
import socket
import struct
import threading
import time

import faults


def header(head, name):
    found = re.search(rb"(?im)^" + name + rb":[ \t]*([^\r]*)", head)
    return found[1] if found else None


def reset(writer):
    """Ends a connection at once. With no time given to what is left to send, closing is a reset."""
    try:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass
    writer.transport.abort()


class Link:
    """A client's connection, and the one to the server that belongs to it."""

    def __init__(self, proxy, client):
        self.proxy, self.client = proxy, client
        self.server = self.to_server = None

    async def serve(self, reader):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.readexactly(int(header(head, b"content-length") or 0))
                if not await self.exchange(head, body):
                    return
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            pass  # either side has ended
        finally:
            self.client.close()
            if self.to_server is not None:
                self.to_server.close()

    async def exchange(self, head, body):
        """One request. False when the client's connection is to be closed."""
        method, target = head.split(b"\r\n", 1)[0].decode().split(" ")[:2]
        fault = self.proxy.pick([*faults.ANSWERS, *faults.CONNECTIONS])
        if fault in faults.ANSWERS:
            return await self.send(faults.ANSWERS[fault])
        if fault == "refuse":
            return reset(self.client)
        if fault == "hold":
            return await self.hold()
        if fault == "delay":
            await asyncio.sleep(self.proxy.random.uniform(0.1, 3))

        self.proxy.passes(method, target)
        if self.to_server is None:
            self.server, self.to_server = await asyncio.open_connection("127.0.0.1", self.proxy.server_port)
        self.to_server.write(head + body)
        await self.to_server.drain()
        answer = await self.server.readuntil(b"\r\n\r\n")
        if fault == "lose":
            return reset(self.client)
        await self.send(answer)
        if (header(answer, b"transfer-encoding") or b"").lower() == b"chunked":
            return await self.chunks(re.search(r"[?&]watch=(1|true)", target))
        content = await self.server.readexactly(int(header(answer, b"content-length") or 0))
        await self.send(content[: len(content) // 2] if fault == "half" else content)
        return fault != "half"

    async def send(self, data):
        self.client.write(data)
        await self.client.drain()
        return True

    async def hold(self):
        await self.proxy.calmed.wait()
        return reset(self.client)

    async def chunks(self, is_watch):
        while True:
            size = await self.server.readuntil(b"\r\n")
            chunk = await self.server.readexactly(int(size, 16) + 2)
            fault = self.proxy.pick(faults.WATCHES) if is_watch else None
            if fault == "hold":
                return await self.hold()
            if fault in faults.LINES:
                await self.send(b"%x\r\n%s\r\n" % (len(faults.LINES[fault]), faults.LINES[fault]))
            if fault:
                return False
            await self.send(size + chunk)
            if size.strip() == b"0":
                return True


class FaultProxy:
    """Runs on a thread of its own."""

    def __init__(self, server_port, seed=0):
        self.server_port = server_port
        self.seen = collections.Counter()  # faults by name
        self.writes = []  # "PATCH /api/...", as the server got them
        self.last_request = time.monotonic()
        self.rate = 0.0
        self.random = random.Random(seed)
        self.calmed = asyncio.Event()
        self.port = 0
        self.links = {}  # task -> writer
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.call(self.listen())

    # For other threads.

    def trouble(self, rate):
        """From now on this share of requests and of events of watches meets a fault."""
        self.call(self.set_rate(rate))

    def calm(self):
        """Faults end. What was held is closed, as by a proxy that is started anew."""
        self.call(self.set_rate(0.0))

    def refuse(self):
        """Cuts all connections and refuses new ones."""
        self.call(self.cut())

    def accept(self):
        self.call(self.listen())

    def stop(self):
        self.call(self.cut())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    # For the proxy's own thread.

    async def set_rate(self, rate):
        self.rate = rate
        if rate:
            self.calmed.clear()
        else:
            self.calmed.set()

    async def listen(self):
        self.listening = await asyncio.start_server(self.serve, "127.0.0.1", self.port, limit=1 << 20)
        self.port = self.listening.sockets[0].getsockname()[1]

    async def cut(self):
        self.listening.close()
        links = dict(self.links)
        for task, writer in links.items():
            reset(writer)
            task.cancel()
        await asyncio.gather(*links, return_exceptions=True)
        await asyncio.sleep(0)  # for what closing has put off

    async def serve(self, reader, writer):
        task = asyncio.current_task()
        self.links[task] = writer
        try:
            await Link(self, writer).serve(reader)
        except asyncio.CancelledError:
            pass  # the streams of asyncio complain of tasks that were cancelled
        finally:
            del self.links[task]

    def pick(self, kinds):
        """A fault, or None."""
        if self.random.random() >= self.rate:
            return None
        fault = self.random.choice(kinds)
        self.seen[fault] += 1
        return fault

    def passes(self, method, target):
        self.last_request = time.monotonic()
        if method != "GET":
            self.writes.append(f"{method} {target}")

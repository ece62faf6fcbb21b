"""The cases of gRPC's interop test descriptions, and others, by python3-grpcio: grpc_python.py HOST:PORT TOKEN"""
import json
import sys
import threading
import time
import traceback
import urllib.request
import uuid

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

address, token = sys.argv[1:3]
SPECIAL = '\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n'
SIZES = [31415, 9, 2653, 58979]
ASKED = [27182, 8, 1828, 45904]

# Messages from the published descriptors; no generated code.
pool = descriptor_pool.DescriptorPool()
with urllib.request.urlopen(f'http://{address}/proto.binpb') as response:
    for file in descriptor_pb2.FileDescriptorSet.FromString(response.read()).file:
        pool.Add(file)
factory = message_factory.MessageFactory(pool)
service = pool.FindServiceByName('granary.testing.v1.Testing')


def message(descriptor, /, **fields):
    return factory.GetPrototype(descriptor)(**fields)


class Client:
    def __init__(self, *options, compression=None, metadata=(('authorization', f'Bearer {token}'),)):
        self.channel = grpc.insecure_channel(address, options=[('grpc.use_local_subchannel_pool', 1), *options], compression=compression)
        self.metadata = metadata

    def stub(self, name):
        method = service.FindMethodByName(name)
        kind = ('stream' if method.client_streaming else 'unary') + '_' + ('stream' if method.server_streaming else 'unary')
        reply = factory.GetPrototype(method.output_type)
        return getattr(self.channel, kind)(f'/{service.full_name}/{name}', lambda m: m.SerializeToString(), reply.FromString)

    def call(self, name, fields=None, extra=(), **settings):
        return self.stub(name)(request(name, **(fields or {})), metadata=(*self.metadata, *extra), **settings)

    def stream(self, name, requests, extra=(), **settings):
        return self.stub(name)(requests, metadata=(*self.metadata, *extra), **settings)


def request(name, /, **fields):
    return message(service.FindMethodByName(name).input_type, **fields)


client = Client()


def equal(actual, expected, what):
    if actual != expected:
        raise AssertionError(f'{what}: expected {expected!r}, seen {actual!r}')


def fails(run, code, says=''):
    try:
        run()
    except grpc.RpcError as error:
        equal(error.code(), code, f'the code ({error.details()})')
        if says not in error.details():
            raise AssertionError(f'{error.details()!r} does not say {says!r}')
        return error
    raise AssertionError('no error')


def until(condition, what):
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f'never: {what}')
        time.sleep(0.02)


def woken(name):
    return client.call('Woken', {'name': name}).result == 1


def unique():
    return str(uuid.uuid4())


def collect(of):
    equal(of.stream('Collect', (request('Collect', item={'body': bytes(n)}) for n in ASKED)).result, 74922, 'the size')


def large(of, size, sent):
    equal(len(of.call('Large', {'size': size, 'payload': {'body': bytes(sent)}}).body), size, 'the size')


class Pings:
    """Requests of a stream, sent one by one."""

    def __init__(self):
        self.ready = threading.Condition()
        self.waiting = []
        self.ended = False

    def send(self, size):
        with self.ready:
            self.waiting.append(request('PingPong', item={'size': size}))
            self.ready.notify()

    def end(self):
        with self.ready:
            self.ended = True
            self.ready.notify()

    def __iter__(self):
        return self

    def __next__(self):
        with self.ready:
            while not self.waiting and not self.ended:
                self.ready.wait()
            if self.waiting:
                return self.waiting.pop(0)
            raise StopIteration


def ping_pong(of):
    pings = Pings()
    seen = []
    pings.send(SIZES[0])
    for item in of.stream('PingPong', pings):
        seen.append(len(item.body))
        if len(seen) == len(SIZES):
            pings.end()
        else:
            pings.send(SIZES[len(seen)])
    equal(seen, SIZES, 'the sizes')


def cancel_after_begin():
    pings = Pings()
    call = client.stub('Collect').future(pings, metadata=client.metadata)
    call.cancel()
    pings.end()
    equal(call.code(), grpc.StatusCode.CANCELLED, 'the code')


def cancel_after_first_response():
    pings = Pings()
    pings.send(31415)
    call = client.stream('PingPong', pings)
    next(call)
    call.cancel()
    pings.end()
    equal(call.code(), grpc.StatusCode.CANCELLED, 'the code')


def timeout_on_sleeping_server():
    name = unique()
    fails(lambda: client.call('Sleep', {'name': name}, timeout=0.1), grpc.StatusCode.DEADLINE_EXCEEDED)
    until(lambda: woken(name), 'the grain is told')


def cancel():
    name = unique()
    call = client.call('SleepAfterOne', {'name': name})
    next(call)
    call.cancel()
    until(lambda: woken(name), 'the grain is told')


def back_pressure():
    name = unique()
    call = client.call('Flood', {'name': name})
    next(call)
    seen = []

    def made():
        return client.call('Flooded', {'name': name}).result

    def stands_still():
        seen.append(made())
        time.sleep(0.2)
        return seen[-1] == made()

    until(stands_still, 'the grain stands still')
    ahead = seen[-1]
    if ahead > 2000:
        raise AssertionError(f'{ahead} items of 16 KB ahead of a reader who reads nothing')
    for _ in range(ahead):
        next(call)
    until(lambda: made() > ahead, 'the grain goes on')
    call.cancel()
    until(lambda: woken(name), 'the grain is told')


def custom_metadata():
    extra = (('x-grpc-test-echo-initial', 'test_initial_metadata_value'), ('x-grpc-test-echo-trailing-bin', b'\xab\xab\xab'))

    def check(call):
        equal(dict(call.initial_metadata())['x-grpc-test-echo-initial'], 'test_initial_metadata_value', 'the header')
        equal(dict(call.trailing_metadata())['x-grpc-test-echo-trailing-bin'], b'\xab\xab\xab', 'the trailer')

    _, call = client.stub('Empty').with_call(request('Empty'), metadata=(*client.metadata, *extra))
    check(call)
    call = client.stream('PingPong', iter([request('PingPong', item={'size': 3})]), extra)
    list(call)
    check(call)


def all_codes():
    for code in grpc.StatusCode:
        number = code.value[0]
        if number:
            fails(lambda: client.call('Status', {'code': number, 'message': f'code {number}'}), code, f'code {number}')


def error_details():
    error = fails(lambda: client.call('Detailed'), grpc.StatusCode.INVALID_ARGUMENT, 'nothing fits')
    details = dict(error.trailing_metadata())['grpc-status-details-bin']
    for part in (b'google.rpc.BadRequest', b'lines[2].quantity', b'google.rpc.ErrorInfo', b'NOTHING_FITS', b'google.rpc.RetryInfo'):
        if part not in details:
            raise AssertionError(f'{part} is not in {details}')


def error_in_stream():
    seen = []

    def read():
        for item in client.call('Break', {'after': 3}):
            seen.append(item.result)

    fails(read, grpc.StatusCode.DATA_LOSS, 'broken off')
    equal(seen, [1, 2, 3], 'the items')


def gzip():
    packing = Client(compression=grpc.Compression.Gzip)
    large(packing, 100000, 100000)
    collect(packing)
    ping_pong(packing)


def oversize():
    fails(lambda: client.call('Large', {'size': 1, 'payload': {'body': bytes(9 * 1024 * 1024)}}), grpc.StatusCode.RESOURCE_EXHAUSTED, 'larger than')
    client.call('Empty')


def unknown(path):
    return lambda: client.channel.unary_unary(path)(b'', metadata=client.metadata)


def many_streams():
    calls = [client.call('Produce', {'sizes': [i, i + 1]}) for i in range(200)]
    for i, call in enumerate(calls):
        equal([len(p.body) for p in call], [i, i + 1], f'stream {i}')


def empty_unary():
    equal(client.call('Empty').ByteSize(), 0, 'the reply')


CASES = {
    'empty_unary': empty_unary,
    'large_unary': lambda: large(client, 314159, 271828),
    'client_streaming': lambda: collect(client),
    'server_streaming': lambda: equal([len(p.body) for p in client.call('Produce', {'sizes': SIZES})], SIZES, 'the sizes'),
    'ping_pong': lambda: ping_pong(client),
    'empty_stream': lambda: equal(list(client.stream('PingPong', iter([]))), [], 'the items'),
    'cancel_after_begin': cancel_after_begin,
    'cancel_after_first_response': cancel_after_first_response,
    'timeout_on_sleeping_server': timeout_on_sleeping_server,
    'status_code_and_message': lambda: fails(lambda: client.call('Status', {'code': 2, 'message': 'test status message'}), grpc.StatusCode.UNKNOWN, 'test status message'),
    'special_status_message': lambda: equal(fails(lambda: client.call('Status', {'code': 2, 'message': SPECIAL}), grpc.StatusCode.UNKNOWN).details(), SPECIAL, 'the message'),
    'unimplemented_method': lambda: fails(unknown('/granary.testing.v1.Testing/UnimplementedCall'), grpc.StatusCode.UNIMPLEMENTED),
    'unimplemented_service': lambda: fails(unknown('/granary.testing.v1.UnimplementedService/UnimplementedCall'), grpc.StatusCode.UNIMPLEMENTED),
    'custom_metadata': custom_metadata,
    'all_codes': all_codes,
    'error_details': error_details,
    'error_in_stream': error_in_stream,
    'gzip': gzip,
    'big_messages': lambda: large(Client(('grpc.max_receive_message_length', -1)), 7 * 1024 * 1024, 7 * 1024 * 1024),
    'oversize': oversize,
    'deadline': lambda: fails(lambda: list(client.call('SleepAfterOne', {'name': unique()}, timeout=0.2)), grpc.StatusCode.DEADLINE_EXCEEDED),
    'cancel': cancel,
    'back_pressure': back_pressure,
    'many_streams': many_streams,
    'unauthenticated': lambda: fails(lambda: Client(metadata=()).call('Empty'), grpc.StatusCode.UNAUTHENTICATED),
    'health': lambda: equal(client.channel.unary_unary('/grpc.health.v1.Health/Check')(b''), b'\x08\x01', 'SERVING'),
}

for line in sys.stdin:
    asked = json.loads(line)
    try:
        CASES[asked['case']]()
        answer = {'id': asked['id'], 'ok': True, 'said': ''}
    except BaseException:  # pylint: disable=broad-except
        answer = {'id': asked['id'], 'ok': False, 'said': traceback.format_exc()}
    print(json.dumps(answer), flush=True)

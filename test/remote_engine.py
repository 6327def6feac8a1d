#!/usr/bin/env python3
"""Run a program beside the local Docker Engine as if it were a remote one: over TCP, with TLS and
client certificates.  Sets $RUNTIME to its URL; players reach published ports ($RUNTIME_PUBLISH).

    test/remote_engine.py PROGRAM [ARGUMENT...]
"""
import os, shutil, socket, ssl, subprocess, sys, tempfile, threading

SOCKET = '/var/run/docker.sock'


def openssl(*args):
    subprocess.run(['openssl', *args], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_certificates(folder):
    """ca.pem, and a pair for either side, as `docker` wants them in its folder."""
    at = lambda name: os.path.join(folder, name)
    openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
            '-subj', '/CN=test-ca', '-keyout', at('ca-key.pem'), '-out', at('ca.pem'))
    for side, extension in (('server', 'subjectAltName=IP:127.0.0.1'), ('client', 'extendedKeyUsage=clientAuth')):
        prefix = 'server-' if side == 'server' else ''
        with open(at('ext'), 'w') as f:
            f.write(extension)
        openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', f'/CN={side}',
                '-keyout', at(prefix + 'key.pem'), '-out', at('csr'))
        openssl('x509', '-req', '-in', at('csr'), '-CA', at('ca.pem'), '-CAkey', at('ca-key.pem'), '-days', '2',
                '-set_serial', '1' if side == 'server' else '2', '-extfile', at('ext'), '-out', at(prefix + 'cert.pem'))


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(client, context):
    try:
        client = context.wrap_socket(client, server_side=True)
    except (ssl.SSLError, OSError):
        return  # no certificate, or not ours
    engine = socket.socket(socket.AF_UNIX)
    engine.connect(SOCKET)
    threading.Thread(target=pump, args=(engine, client), daemon=True).start()
    pump(client, engine)


def accept(listener, context):
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, context), daemon=True).start()


folder = tempfile.mkdtemp()
try:
    make_certificates(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, 'server-cert.pem'), os.path.join(folder, 'server-key.pem'))
    context.load_verify_locations(os.path.join(folder, 'ca.pem'))
    context.verify_mode = ssl.CERT_REQUIRED
    listener = socket.create_server(('127.0.0.1', 0), backlog=64)
    threading.Thread(target=accept, args=(listener, context), daemon=True).start()
    url = f'docker://127.0.0.1:{listener.getsockname()[1]}?cert={folder}'
    status = subprocess.run(sys.argv[1:], env={**os.environ, 'RUNTIME': url, 'RUNTIME_PUBLISH': '1'}).returncode
finally:
    shutil.rmtree(folder)
sys.exit(status)

#!/usr/bin/env python3
"""Run a program beside a small image registry on this machine that has one image, berth/pulled:1,
made of busybox.  Sets $REGISTRY to its address.  It also has berth/broken:1, whose layer is not what its digest says.

    test/registry.py PROGRAM [ARGUMENT...]
"""
import gzip, hashlib, http.server, io, json, os, subprocess, sys, tarfile, threading


def digest(data):
    return 'sha256:' + hashlib.sha256(data).hexdigest()


def layer():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w') as tar:
        tar.add('/bin/busybox', 'bin/busybox', filter=lambda i: setattr(i, 'uid', 0) or i)
        for name in ('sh', 'nc', 'echo', 'sleep'):
            link = tarfile.TarInfo('bin/' + name)
            link.type, link.linkname = tarfile.SYMTYPE, 'busybox'
            tar.addfile(link)
    return out.getvalue()


plain = layer()
packed = gzip.compress(plain)
config = json.dumps({'architecture': 'amd64', 'os': 'linux', 'config': {'Env': ['PATH=/bin'], 'Cmd': ['sh']},
                     'rootfs': {'type': 'layers', 'diff_ids': [digest(plain)]}}).encode()
MEDIA = 'application/vnd.docker.'
manifest = json.dumps({
    'schemaVersion': 2, 'mediaType': MEDIA + 'distribution.manifest.v2+json',
    'config': {'mediaType': MEDIA + 'container.image.v1+json', 'size': len(config), 'digest': digest(config)},
    'layers': [{'mediaType': MEDIA + 'image.rootfs.diff.tar.gzip', 'size': len(packed), 'digest': digest(packed)}],
}).encode()
blobs = {digest(config): config, digest(packed): packed}


class Registry(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def answer(self, status, body=b'{}', kind='application/json'):
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        if status == 200:
            self.send_header('Docker-Content-Digest', digest(body))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    def do_GET(self):
        parts = self.path.split('/')
        broken = '/berth/broken/' in self.path
        if self.path == '/v2/':
            self.answer(200)
        elif '/manifests/' in self.path and parts[3] in ('pulled', 'broken') and parts[-1] in ('1', digest(manifest)):
            self.answer(200, manifest, MEDIA + 'distribution.manifest.v2+json')
        elif '/blobs/' in self.path and parts[-1] in blobs:
            body = blobs[parts[-1]]
            if broken and body is packed:  # whole, but not what its digest says
                body = bytes(len(body))
            self.answer(200, body, 'application/octet-stream')
        else:
            self.answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}')

    do_HEAD = do_GET


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Registry)
threading.Thread(target=server.serve_forever, daemon=True).start()
env = {**os.environ, 'REGISTRY': f'127.0.0.1:{server.server_address[1]}'}
sys.exit(subprocess.run(sys.argv[1:], env=env).returncode)

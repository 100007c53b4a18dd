"""The smallest WSGI app with a health check; put your own here, for example `from mysite.wsgi import application`."""
import os


def application(environ, start_response):
    found = environ["PATH_INFO"] in ("/", "/healthz")
    body = (f"pid {os.getpid()}, slot {os.environ.get('PORTHERD_SLOT')}\n" if found else "no such page\n").encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    start_response("200 OK" if found else "404 Not Found", headers)
    return [body]

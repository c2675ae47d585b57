"""Sends back what comes, on a loopback port that the kernel chooses: written to the file named by the argument."""
import os
import socket
import sys
import threading


def serve(peer):
    try:
        while received := peer.recv(65536):
            peer.sendall(received)
    except OSError:
        pass
    peer.close()


listener = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(listener.getsockname()[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

"""Python's ssl module as a TLS client of the name constraint matrix.

Arguments: the root's file, then PORT/NAME for each server. Prints one line for each: 0 where the
connection was verified, else OpenSSL's verify code.
"""
import socket
import ssl
import sys

context = ssl.create_default_context(cafile=sys.argv[1])
for case in sys.argv[2:]:
    port, name = case.split("/")
    with socket.create_connection(("127.0.0.1", int(port))) as connection:
        try:
            with context.wrap_socket(connection, server_hostname=name):
                print(0)
        except ssl.SSLCertVerificationError as error:
            print(error.verify_code)
